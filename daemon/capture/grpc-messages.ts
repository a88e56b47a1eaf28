/** The messages of a gRPC call, gRPC-web's too, in both directions. */
import { constants, gunzipSync, inflateSync, type ZlibOptions } from 'node:zlib'
import { fieldValue } from '../../sdk/field-value.ts'
import type { Headers, Message } from '../../sdk/model.ts'
import type { FieldBlock } from '../store/records.ts'
import type { ExchangeSink } from './connection.ts'
import { Base64Pieces, GrpcDecoder } from './decoders/grpc.ts'
import type { LiveExchange } from './live-exchange.ts'
import type { MessageSplitter } from './message-splitter.ts'

const inflatedLimit = 4 * 1024 * 1024

/** `grpc-encoding`, as far as it is undone. */
const inflaters: { readonly [encoding: string]: ((bytes: Buffer, options: ZlibOptions) => Buffer) | undefined } = Object.assign(
  Object.create(null),
  { gzip: gunzipSync, deflate: inflateSync },
)

export class GrpcMessages implements MessageSplitter {
  readonly isOver = false
  readonly #exchange: LiveExchange
  readonly #sink: ExchangeSink<LiveExchange>
  readonly #request: GrpcDirection
  /** Made when the head of the response is there. */
  #response: GrpcDirection | null = null

  constructor(exchange: LiveExchange, sink: ExchangeSink<LiveExchange>) {
    this.#exchange = exchange
    this.#sink = sink
    this.#request = this.#direction('sent', exchange.requestFields)
  }

  sent(bytes: Buffer, at: number): void {
    this.#request.push(bytes, at)
  }

  received(bytes: Buffer, at: number): void {
    this.#response ??= this.#direction('received', this.#exchange.responseFields)
    this.#response.push(bytes, at)
  }

  end(): void {
    if (this.#request.isAmid || this.#response?.isAmid) this.#exchange.addAnomaly('messageCut')
  }

  #direction(direction: Message['direction'], block: FieldBlock | null): GrpcDirection {
    return new GrpcDirection(this.#exchange, this.#sink, direction, block)
  }
}

class GrpcDirection {
  readonly #exchange: LiveExchange
  readonly #sink: ExchangeSink<LiveExchange>
  readonly #direction: Message['direction']
  readonly #encoding: string
  readonly #base64: Base64Pieces | null
  /** null: its content is no gRPC (a page of an error, say). */
  readonly #decoder: GrpcDecoder | null

  constructor(exchange: LiveExchange, sink: ExchangeSink<LiveExchange>, direction: Message['direction'], block: FieldBlock | null) {
    const type = block?.messages ?? null
    this.#exchange = exchange
    this.#sink = sink
    this.#direction = direction
    this.#encoding = (block && fieldValue(block.fields, 'grpc-encoding'))?.toLowerCase() ?? 'identity'
    this.#base64 = type === 'grpcWebText' ? new Base64Pieces() : null
    this.#decoder =
      type === null || type === 'eventStream'
        ? null
        : new GrpcDecoder(
            {
              onMessage: (payload, size, compressed, at) => this.#add(payload, size, compressed, at),
              onTrailers: (payload) => this.#trailers(payload),
              onViolation: () => {
                exchange.addAnomaly('invalidFrame')
                exchange.addAnomaly('undecoded')
              },
            },
            { web: type !== 'grpc' },
          )
  }

  get isAmid(): boolean {
    return this.#decoder?.isAmid === true
  }

  push(bytes: Buffer, at: number): void {
    this.#decoder?.push(this.#base64 === null ? bytes : this.#base64.push(bytes), at)
  }

  /** What cannot be inflated is on record without its content; the body has it as it came. */
  #add(payload: Buffer, size: number, compressed: boolean, at: number): void {
    if (size > payload.length) this.#exchange.addAnomaly('messageTooLarge')
    const content = compressed ? this.#inflated(payload, size) : { data: payload, size }
    this.#sink.addMessage(this.#exchange, { at, direction: this.#direction, type: 'grpc', text: null, ...content, event: null, id: null })
  }

  #inflated(payload: Buffer, size: number): { data: Buffer | null; size: number } {
    const inflate = inflaters[this.#encoding]
    if (inflate === undefined || size > payload.length) {
      this.#exchange.addAnomaly('undecoded')
      return { data: null, size }
    }
    try {
      const data = inflate(payload, { maxOutputLength: inflatedLimit, finishFlush: constants.Z_FINISH })
      return { data, size: data.length }
    } catch (error) {
      const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      this.#exchange.addAnomaly(isTooLarge ? 'messageTooLarge' : 'undecoded')
      return { data: null, size: isTooLarge ? inflatedLimit + 1 : size }
    }
  }

  /** Where HTTP has trailers, they are the trailers of the exchange; gRPC-web's stand there, too. */
  #trailers(payload: Buffer): void {
    const fields: Headers = []
    for (const line of payload.toString('latin1').split('\r\n')) {
      const colon = line.indexOf(':')
      if (colon > 0) fields.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()])
    }
    if (this.#direction === 'received') this.#exchange.responseTrailers = { fields }
    else this.#exchange.requestTrailers = { fields }
    this.#sink.touch(this.#exchange)
  }
}
