/** Where the exchanges of the proxy go in a session that a browser tells of: on as ever, seen as they pass. */
import type { Failure } from '../../../sdk/model.ts'
import type { MessageRecord } from '../../store/records.ts'
import type { ExchangeSink } from '../connection.ts'
import type { LiveExchange } from '../live-exchange.ts'

export interface PassingExchanges {
  /** False: it is of no interest. */
  began(exchange: LiveExchange): boolean
  changed(exchange: LiveExchange): void
  ended(exchange: LiveExchange, at: number): void
  missed(from: number, to: number): void
}

export class BrowserSink implements ExchangeSink<LiveExchange> {
  readonly #sink: ExchangeSink<LiveExchange>
  readonly #passing: PassingExchanges

  constructor(sink: ExchangeSink<LiveExchange>, passing: PassingExchanges) {
    this.#sink = sink
    this.#passing = passing
  }

  get stopping(): boolean {
    return this.#sink.stopping
  }

  begin(exchange: LiveExchange): void {
    exchange.awaitsView = this.#passing.began(exchange)
    this.#sink.begin(exchange)
  }
  touch(exchange: LiveExchange): void {
    this.#passing.changed(exchange)
    this.#sink.touch(exchange)
  }
  addMessage(exchange: LiveExchange, message: MessageRecord): void {
    this.#sink.addMessage(exchange, message)
  }
  finish(exchange: LiveExchange, failure: Failure | null, at: number): void {
    this.#sink.finish(exchange, failure, at)
    this.#passing.ended(exchange, at)
  }
  leaveOpen(exchange: LiveExchange): void {
    this.#sink.leaveOpen(exchange)
  }
  addGap(from: number, to: number, reason: 'overload', bytes: number): void {
    this.#passing.missed(from, to)
    this.#sink.addGap(from, to, reason, bytes)
  }
}
