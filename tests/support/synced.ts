/** What tests of sync rules capture, and what a cookies.txt holds afterwards. */
import { readFileSync } from 'node:fs'
import type { Client } from '../../sdk/client.ts'
import { startOrigin } from './origin.ts'
import { getThrough } from './through-proxy.ts'

/** An origin that sets what the query says, and a session through which it is asked. */
export async function capture(client: Client) {
  const origin = await startOrigin(
    (request, response) => {
      const fields = new URL(request.url ?? '', 'http://x').searchParams.getAll('set')
      response.setHeader('Set-Cookie', fields).end('ok')
    },
    { tls: false },
  )
  const session = await client.call('session/start', {})
  const set = (...fields: string[]) => {
    const query = fields.map((field) => `set=${encodeURIComponent(field)}`).join('&')
    return getThrough(session.proxy?.port ?? 0, `${origin.url}/?${query}`)
  }
  return { session, set }
}

/** `name=value` of each cookie. */
export const txt = (path: string) =>
  readFileSync(path, 'latin1')
    .split('\n')
    .filter((line) => line !== '' && (!line.startsWith('#') || line.startsWith('#HttpOnly_')))
    .map((line) => line.split('\t').slice(5).join('='))
    .sort()
