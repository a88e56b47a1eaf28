/** The events of a stream of server-sent events. */
import { contentCodings } from '../store/content-decoding.ts'
import { type StreamedContent, streamedContent } from '../store/streamed-content.ts'
import type { ExchangeSink } from './connection.ts'
import { EventStreamDecoder, type ServerSentEvent } from './decoders/event-stream.ts'
import type { LiveExchange } from './live-exchange.ts'
import type { MessageSplitter } from './message-splitter.ts'

export class EventStreamMessages implements MessageSplitter {
  readonly isOver = false
  readonly #exchange: LiveExchange
  readonly #sink: ExchangeSink<LiveExchange>
  readonly #decoder: EventStreamDecoder
  /** null: it cannot be read (any more). */
  #content: StreamedContent | null
  #at = 0

  /** The head of the response is there. */
  constructor(exchange: LiveExchange, sink: ExchangeSink<LiveExchange>) {
    this.#exchange = exchange
    this.#sink = sink
    this.#decoder = new EventStreamDecoder((event, at) => this.#add(event, at))
    this.#content = streamedContent(contentCodings(exchange.responseFields?.fields ?? []), (bytes) => this.#decoder.push(bytes, this.#at))
    if (this.#content === null) exchange.addAnomaly('undecoded')
  }

  sent(): void {
    // The request is no event stream.
  }

  received(bytes: Buffer, at: number): void {
    this.#at = at
    try {
      this.#content?.push(bytes)
    } catch {
      this.#content?.close()
      this.#content = null
      this.#exchange.addAnomaly('undecoded')
    }
  }

  end(): void {
    if (this.#content !== null && this.#decoder.isAmid) this.#exchange.addAnomaly('messageCut')
    this.#content?.close()
    this.#content = null
  }

  #add({ data, size, event, id }: ServerSentEvent, at: number): void {
    if (Buffer.byteLength(data) < size) this.#exchange.addAnomaly('messageTooLarge')
    this.#sink.addMessage(this.#exchange, { at, direction: 'received', type: 'event', text: data, data: null, size, event, id })
  }
}
