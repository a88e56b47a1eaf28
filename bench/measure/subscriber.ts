/** A client that follows a session and remembers when it heard of the end of each exchange. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '../../sdk/client.ts'

export interface Follower {
  client: Client
  /** Unix ms at which the exchange of a number was seen ended. */
  seen: Map<number, number>
}

/** From now on. The number is the last nine digits of the path. */
export async function follow(client: Client, sessionId: string): Promise<Follower> {
  const seen = new Map<number, number>()
  client.on('exchange/didChange', ({ items }) => {
    const now = Date.now()
    for (const { state, request } of items) {
      const serial = /\/(\d{9})\?/.exec(request.url)?.[1]
      if (state === 'complete' && serial !== undefined) seen.set(Number(serial), now)
    }
  })
  await client.call('exchange/subscribe', { sessionId })
  return { client, seen }
}

/** Waits for at most ten seconds. */
export async function until(isDone: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!isDone() && performance.now() < deadline) await delay(20)
}
