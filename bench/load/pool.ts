/** Connections in a closed loop, whatever they speak. */

export interface RunLimits {
  /** Ends after this time, or after `exchanges`, whichever is first; answers on the way are awaited and counted. */
  durationMs?: number
  exchanges?: number
  /** Keeps the time of every exchange: for few connections, it costs memory. */
  latencies?: boolean
  /** So many exchanges a second as long as connections are free; absent: as many as go. */
  perSecond?: number
  /** Keeps when each exchange ended. */
  ends?: boolean
}

/** What the exchanges are: alike but for their number, the same with a Set-Cookie field that carries it, or as varied as real ones. */
export type Traffic = 'items' | 'visits' | 'orders'

export interface End {
  serial: number
  /** Unix ms, when the client had the whole answer. */
  at: number
}

export interface RunResult {
  exchanges: number
  elapsedMs: number
  latenciesMs: number[]
  ends: End[]
  /** Connections that had to be made anew before the run. */
  reconnected: number
}

export interface Pool {
  run(limits: RunLimits): Promise<RunResult>
  close(): void
}
