/** One call of a client, as a handler sees it. */
import type { Method, Notification, NotificationParams, Params, Result } from '../../sdk/protocol.ts'
import type { Grant } from './rights.ts'

/** The client that calls: one connection. */
export interface Caller {
  /** Resolves when the client's side has taken it; rejects when the client is gone. Await it, so that a slow client slows its sender only. */
  send<N extends Notification>(notification: N, params: NotificationParams<N>): Promise<void>
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>
  /** What its token allows; null: it is the daemon's user, by the daemon's own socket. */
  readonly grant: Grant | null
}

export interface Call {
  client: Caller
  /** Aborted when the client cancels the call or goes away. */
  signal: AbortSignal
  /** Tells the client how far it is (`$/progress`); nothing happens when the client did not ask for it. */
  progress(value: unknown): void
  /** The same for what must arrive: resolves when the client's side has taken it, rejects when the client is gone. null: the client did not ask. */
  tell: ((value: unknown) => Promise<void>) | null
}

export type Handler<M extends Method> = (params: Params<M>, call: Call) => Result<M> | Promise<Result<M>>
/** What each method of the table does. */
export type Handlers = { [M in Method]: Handler<M> }
