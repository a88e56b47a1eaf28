/** Where the exchanges of a connection go that weir itself asks on: they bear the source `send`, and who sent hears of the first. */
import type { Failure } from '../../sdk/model.ts'
import type { MessageRecord } from '../store/records.ts'
import type { ExchangeSink } from './connection.ts'
import type { LiveExchange } from './live-exchange.ts'

export class SendSink implements ExchangeSink<LiveExchange> {
  readonly #sink: ExchangeSink<LiveExchange>
  readonly #begun: (seq: number) => void
  #told = false

  /** @param begun is told the seq; 0: it is not recorded */
  constructor(sink: ExchangeSink<LiveExchange>, begun: (seq: number) => void) {
    this.#sink = sink
    this.#begun = begun
  }

  get stopping(): boolean {
    return this.#sink.stopping
  }

  begin(exchange: LiveExchange): void {
    exchange.source = 'send'
    this.#sink.begin(exchange)
    if (!this.#told) this.#begun(exchange.seq)
    this.#told = true
  }
  touch(exchange: LiveExchange): void {
    this.#sink.touch(exchange)
  }
  addMessage(exchange: LiveExchange, message: MessageRecord): void {
    this.#sink.addMessage(exchange, message)
  }
  finish(exchange: LiveExchange, failure: Failure | null, at: number): void {
    this.#sink.finish(exchange, failure, at)
  }
  leaveOpen(exchange: LiveExchange): void {
    this.#sink.leaveOpen(exchange)
  }
  addGap(from: number, to: number, reason: 'overload', bytes: number): void {
    this.#sink.addGap(from, to, reason, bytes)
  }
}
