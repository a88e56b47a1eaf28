/** What tests say about traffic: this happens, that does not, now it is quiet. Failures tell what happened instead. */
import type { Client } from './client.ts'
import type { Exchange } from './model.ts'

export interface Expected {
  sessionId: string
  /** A query. */
  where: string
  /** A clock: only what changed after it counts. Absent: what is on record counts, too. */
  since?: string
}

/** The first exchange that matches, in any state. Rejects after `timeoutMs` (5,000) with the exchanges that are there. */
export async function expectExchange(
  client: Client,
  { timeoutMs = 5_000, ...expected }: Expected & { timeoutMs?: number },
): Promise<Exchange> {
  const { item } = await client.call('exchange/wait', { ...expected, timeoutMs })
  if (item) return item
  throw new Error(`no exchange matched ${expected.where} within ${timeoutMs / 1000} s; ${await recent(client, expected.sessionId)}`)
}

/** Resolves when nothing matched for `forMs` (1,000). Rejects at once with the exchange that did. */
export async function expectNoExchange(client: Client, { forMs = 1_000, ...expected }: Expected & { forMs?: number }): Promise<void> {
  const { item } = await client.call('exchange/wait', { ...expected, timeoutMs: forMs })
  if (item) throw new Error(`an exchange matched ${expected.where}, and none was to: ${line(item)}`)
}

/** Resolves when no exchange that matches is open and none has changed for `quietMs` (500). Rejects after `timeoutMs` (10,000). */
export async function expectQuiet(
  client: Client,
  { quietMs = 500, timeoutMs = 10_000, ...expected }: Expected & { quietMs?: number; timeoutMs?: number },
): Promise<void> {
  const { item, quiet } = await client.call('exchange/wait', { ...expected, quietMs, timeoutMs })
  if (quiet) return
  const last = item ? `the last that was heard of: ${line(item)}` : await recent(client, expected.sessionId)
  throw new Error(`${expected.where || 'the session'} did not become quiet within ${timeoutMs / 1000} s; ${last}`)
}

const shown = 10

async function recent(client: Client, sessionId: string): Promise<string> {
  const { items } = await client.call('exchange/list', { sessionId, order: 'desc', limit: shown })
  if (items.length === 0) return 'nothing was captured in this session'
  return ['the latest in this session:', ...items.reverse().map((item) => `  ${line(item)}`)].join('\n')
}

const line = ({ seq, state, request, response, error }: Exchange): string =>
  `${seq} ${request.method} ${request.url} ${error?.reason ?? response?.status ?? state}`
