/** One call of a client, as a handler sees it. */
import type { Method, Params, Result } from '../../sdk/protocol.ts'

export interface Call {
  /** Aborted when the client cancels the call or goes away. */
  signal: AbortSignal
  /** Tells the client how far it is (`$/progress`); nothing happens when the client did not ask for it. */
  progress(value: unknown): void
}

export type Handler<M extends Method> = (params: Params<M>, call: Call) => Result<M> | Promise<Result<M>>
/** What each method of the table does. */
export type Handlers = { [M in Method]: Handler<M> }
