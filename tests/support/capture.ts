/** A session of a real daemon that trusts the tests' CA. */
import { expect, vi } from 'vitest'
import type { Exchange, Part, Session } from '../../sdk/model.ts'
import type { Params } from '../../sdk/protocol.ts'
import { testCa } from './certificates.ts'
import { type RunningDaemon, startDaemon } from './daemon.ts'

/** Of a wait for what a loaded machine takes its time for. */
export const patience = { timeout: 20_000 }

export interface Capture extends RunningDaemon {
  session: Session
  exchanges(count: number, state?: Exchange['state']): Promise<Exchange[]>
  body(seq: number, part: Part): Promise<Buffer>
}

/** @param folder a home that is there already, with a configuration, say */
export async function capture(folder?: string, settings: Params<'session/start'> = {}): Promise<Capture> {
  const daemon = await startDaemon(folder === undefined ? {} : { folder })
  const { client } = daemon
  const session = await client.call('session/start', { tls: { ca: (await testCa()).certificate }, ...settings })
  const exchanges = (count: number, state: Exchange['state'] = 'complete') =>
    vi.waitFor(async () => {
      const { items } = await client.call('exchange/list', { sessionId: session.id })
      expect(items.map((item) => item.state)).toEqual(Array(count).fill(state))
      return items
    }, patience)
  const body = async (seq: number, part: Part) =>
    Buffer.from((await client.call('exchange/readBody', { sessionId: session.id, seq, part, length: 8 * 1024 * 1024 })).data, 'base64')
  return { ...daemon, session, exchanges, body }
}
