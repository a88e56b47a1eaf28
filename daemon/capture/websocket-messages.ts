/** The messages of a WebSocket, in both directions. */
import type { Message } from '../../sdk/model.ts'
import type { ExchangeSink } from './connection.ts'
import { agreedDeflate, WebSocketDecoder, type WebSocketMessageType, type WebSocketOptions } from './decoders/websocket.ts'
import type { LiveExchange } from './live-exchange.ts'
import { contentOf } from './message-content.ts'
import type { MessageSplitter } from './message-splitter.ts'

type Direction = Message['direction']

export class WebSocketMessages implements MessageSplitter {
  readonly #exchange: LiveExchange
  readonly #sink: ExchangeSink<LiveExchange>
  readonly #client: WebSocketDecoder
  readonly #origin: WebSocketDecoder
  /** Directions in which a close frame came. */
  readonly #closed = new Set<Direction>()

  /** The handshake is done. */
  constructor(exchange: LiveExchange, sink: ExchangeSink<LiveExchange>) {
    this.#exchange = exchange
    this.#sink = sink
    const fields = exchange.responseFields?.fields ?? []
    const agreed = agreedDeflate(fields.filter(([name]) => name.toLowerCase() === 'sec-websocket-extensions').map(([, value]) => value))
    this.#client = this.#decoder('sent', { deflate: agreed.client, masked: true })
    this.#origin = this.#decoder('received', { deflate: agreed.origin, masked: false })
  }

  get isOver(): boolean {
    return this.#closed.size === 2
  }

  sent(bytes: Buffer, at: number): void {
    this.#client.push(bytes, at)
  }

  received(bytes: Buffer, at: number): void {
    this.#origin.push(bytes, at)
  }

  end(): void {
    if (this.#client.isAmid || this.#origin.isAmid) this.#exchange.addAnomaly('messageCut')
  }

  #decoder(direction: Direction, options: WebSocketOptions): WebSocketDecoder {
    return new WebSocketDecoder(
      {
        onMessage: (type, payload, size, at) => this.#add(direction, type, payload, size, at),
        onAnomaly: (anomaly) => this.#exchange.addAnomaly(anomaly),
        onViolation: () => {
          this.#exchange.addAnomaly('invalidFrame')
          this.#exchange.addAnomaly('undecoded')
          this.#sink.touch(this.#exchange)
        },
      },
      options,
    )
  }

  #add(direction: Direction, type: WebSocketMessageType, payload: Buffer, size: number, at: number): void {
    const exchange = this.#exchange
    if (this.#closed.has(direction)) exchange.addAnomaly('dataAfterClose')
    if (type === 'close') {
      this.#closed.add(direction)
      if (!isValidClose(payload)) exchange.addAnomaly('invalidClose')
    }
    if (size > payload.length) exchange.addAnomaly('messageTooLarge')
    const content = type === 'text' ? contentOf(payload, size) : { text: null, data: payload }
    if (type === 'text' && content.text === null) exchange.addAnomaly('invalidUtf8')
    this.#sink.addMessage(exchange, { at, direction, type, ...content, size, event: null, id: null })
  }
}

/** RFC 6455 section 7.4, and the codes registered with IANA since. */
function isValidClose(payload: Buffer): boolean {
  if (payload.length === 0) return true
  if (payload.length === 1) return false
  const code = payload.readUInt16BE(0)
  const isCode = (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)
  return isCode && contentOf(payload.subarray(2), payload.length - 2).text !== null
}
