/** What the recorder tells whatever follows a connection. `at`: Unix ms. */
import type { Failure } from '../../sdk/model.ts'
import type { MessageRecord } from '../store/records.ts'
import type { LiveExchange } from './live-exchange.ts'
import type { ConnectionClosed, CopyGap, OriginFacts } from './wire-copy.ts'

export interface FollowedConnection {
  /** Where its exchanges go, from now on. */
  sink: ExchangeSink<LiveExchange>
  fromClient(bytes: Buffer, at: number): void
  fromOrigin(bytes: Buffer, at: number): void
  clientEnd(at: number): void
  originEnd(at: number): void
  origin(facts: OriginFacts, at: number): void
  failed(failure: Failure, at: number): void
  gap(gap: CopyGap, at: number): void
  closed(closed: ConnectionClosed, at: number): void
  /** What is open ends with this failure. */
  stop(failure: Failure, at: number): void
}

/** Where exchanges go: see SessionRecorder. */
export interface ExchangeSink<Exchange> {
  /** It has begun. */
  begin(exchange: Exchange): void
  /** It changed. */
  touch(exchange: Exchange): void
  /** A message inside of it came. */
  addMessage(exchange: Exchange, message: MessageRecord): void
  /** It ends; null: as framed. */
  finish(exchange: Exchange, failure: Failure | null, at: number): void
  /** Nobody knows yet why weir closed its connection: it ends when the session does. */
  leaveOpen(exchange: Exchange): void
  addGap(from: number, to: number, reason: 'overload', bytes: number): void
  /** The listener is closed: connections that weir closes end because the session does. */
  readonly stopping: boolean
}

const messages = {
  clientAborted: 'the client closed the connection before the exchange had ended',
  upstreamReset: 'the origin reset the connection',
  upstreamClosed: 'the origin closed the connection before the exchange had ended',
  limitExceeded: 'weir closed the connection because of one of its limits',
  notRecorded: 'bytes of this exchange passed while the recorder could not keep up',
} as const

export const failure = (reason: keyof typeof messages): Failure => ({ reason, message: messages[reason] })

/** Why what is open ends when its connection has; null: weir closed it, without a reason. */
export function failureOf(closed: ConnectionClosed): Failure | null {
  if (closed.failure) return closed.failure
  if (closed.by === 'client') return failure('clientAborted')
  if (closed.by === 'origin') return failure(closed.reset ? 'upstreamReset' : 'upstreamClosed')
  return null
}
