/** What passes inside of an exchange, split into messages while it passes. */
import type { FieldBlock } from '../store/records.ts'
import type { ExchangeSink } from './connection.ts'
import { EventStreamMessages } from './event-stream-messages.ts'
import { GrpcMessages } from './grpc-messages.ts'
import type { LiveExchange } from './live-exchange.ts'
import { WebSocketMessages } from './websocket-messages.ts'

/** It never throws. What it cannot read it marks on its exchange, and reads no further. `at`: Unix ms. */
export interface MessageSplitter {
  /** Content that the client sent, without the framing of HTTP. */
  sent(bytes: Buffer, at: number): void
  received(bytes: Buffer, at: number): void
  /** Nothing follows. */
  end(at: number): void
  /** Both sides said that they are done, however the connection ends. */
  readonly isOver: boolean
}

type Sink = ExchangeSink<LiveExchange>

/** For an exchange whose request, or whose response, has begun; null: its content is no messages. Exchanges that are neither kept nor held have none. */
export function splitterFor(exchange: LiveExchange, sink: Sink): MessageSplitter | null {
  const { splitter, kept, held, kind } = exchange
  if (splitter !== null || (!kept && held === null) || kind === 'tunnel') return splitter
  if (kind === 'websocket') return new WebSocketMessages(exchange, sink)
  const { requestFields, responseFields } = exchange
  if (isGrpc(requestFields) || isGrpc(responseFields)) return new GrpcMessages(exchange, sink)
  return responseFields?.messages === 'eventStream' ? new EventStreamMessages(exchange, sink) : null
}

const isGrpc = (block: FieldBlock | null): boolean =>
  block?.messages !== undefined && block.messages !== null && block.messages !== 'eventStream'
