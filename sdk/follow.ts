/** `followWith` over the daemon's socket. */
import { type ConnectOptions, connect } from './client.ts'
import { type Change, type FollowingOptions, followWith } from './follow-with.ts'

export interface FollowOptions extends ConnectOptions, Omit<FollowingOptions, 'connect' | 'signal'> {
  /** Ends the following; the iteration ends without an error. */
  signal?: AbortSignal
}

/**
 * Every change of matching exchanges, once and in order, across reconnects and restarts of the daemon. It has a connection of its own, so a
 * slow loop slows nobody else. Keep `clock`: following since it goes on after this change. Throws what exchange/subscribe refuses, and
 * the reason why nothing more can come (the session was deleted).
 */
export const follow = (options: FollowOptions): AsyncGenerator<Change> => followWith({ ...options, connect: () => connect(options) })
