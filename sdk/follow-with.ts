/** Following a session: a subscription that outlives its connection and the daemon. Nothing here is of Node alone. */
import type { Client } from './client-core.ts'
import { codes, fromWire, WeirError, type WireError } from './errors.ts'
import type { NotificationParams } from './protocol.ts'
import type { Redact } from './redaction/settings.ts'

export interface FollowingOptions {
  /** Makes each connection. */
  connect: () => Promise<Client>
  sessionId: string
  /** Only what matches this query. */
  where?: string
  /** What is hidden of them. */
  redact?: Redact
  /** A clock that was kept from earlier, or 'start'; absent: from now on. */
  since?: string
  /** Ends the following; the iteration ends without an error. */
  signal?: AbortSignal
}

export type Change = Omit<NotificationParams<'exchange/didChange'>, 'subscriptionId' | 'ended'>

/** The wait before connecting again, ms: at once, then longer. */
const reconnectMs = (attempt: number): number => (attempt === 0 ? 0 : Math.min(5_000, 50 * 2 ** attempt))
/** Changes that lie ready; with more of them nothing is read, and the daemon waits. */
const mostReady = 4

/**
 * Every change of matching exchanges, once and in order, across reconnects and restarts of the daemon. It has a connection of its own, so a
 * slow loop slows nobody else. Keep `clock`: following since it goes on after this change. Throws what exchange/subscribe refuses, and
 * the reason why nothing more can come (the session was deleted).
 */
export async function* followWith(options: FollowingOptions): AsyncGenerator<Change> {
  const { signal } = options
  let { since } = options
  for (let attempt = 0; !signal?.aborted; attempt++) {
    await pause(reconnectMs(attempt), signal)
    if (signal?.aborted) return
    try {
      const client = await options.connect()
      try {
        // Without a clock nobody could say where to go on after a lost connection.
        since ??= (await client.call('exchange/list', { sessionId: options.sessionId, order: 'desc', limit: 1 })).clock
        for await (const change of changesOf(client, { ...options, since })) {
          attempt = 0
          since = change.clock
          yield change
        }
      } finally {
        await client.close()
      }
    } catch (error) {
      if (!signal?.aborted && !isPassing(error)) throw error
    }
  }
}

/** Shorter when it is aborted. */
const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    const end = () => {
      clearTimeout(timer)
      resolve()
    }
    if (signal?.aborted) end()
    signal?.addEventListener('abort', end, { once: true })
  })

/** The daemon is away, or about to be. */
const isPassing = (error: unknown): boolean =>
  error instanceof WeirError && error.code === codes.unavailable && /^(daemon|connection)/.test(error.reason)

/** Until the connection ends. */
async function* changesOf(client: Client, { sessionId, where, redact, since, signal }: FollowingOptions): AsyncGenerator<Change> {
  const ready: NotificationParams<'exchange/didChange'>[] = []
  let wake: () => void = () => undefined
  client.on('exchange/didChange', (change) => {
    ready.push(change)
    if (ready.length >= mostReady) client.pause()
    wake()
  })
  let isOver = false
  const end = () => {
    isOver = true
    wake()
  }
  void client.closed.then(end)
  signal?.addEventListener('abort', end, { once: true })
  await client.call('exchange/subscribe', {
    sessionId,
    ...(where !== undefined && { where }),
    ...(redact !== undefined && { redact }),
    ...(since !== undefined && { since }),
  })
  while (!signal?.aborted) {
    const change = ready.shift()
    if (change) {
      if (ready.length === 0) client.resume()
      const { subscriptionId: _, ended, ...more } = change
      if (ended) throw fromWire(ended as WireError)
      yield more
    } else if (isOver) return
    else await new Promise<void>((resolve) => (wake = resolve))
  }
}
