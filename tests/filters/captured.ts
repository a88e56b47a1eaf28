/** What of some traffic a session with filters has on record. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FilterSetting, Session } from '../../sdk/model.ts'
import type { NotificationParams } from '../../sdk/protocol.ts'
import { type DaemonInProcess, daemonInProcess } from '../support/daemon-in-process.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

export type Failed = NotificationParams<'plugin/didFail'>

export interface Filtered extends DaemonInProcess {
  session: Session
  origin: string
  failures: Failed[]
  get(path: string): Promise<void>
  /** Absolute path of a filter module whose `apply` has this body; `change` replaces keys of the manifest. */
  module(name: string, body: string, change?: string): string
  /** Paths on record, in order, once the session is stopped. */
  recorded(): Promise<string[]>
}

/** A daemon with one running session, and an origin that answers with what was asked. */
export async function filtered(filters: FilterSetting[] | ((module: Filtered['module']) => FilterSetting[])): Promise<Filtered> {
  const daemon = await daemonInProcess()
  const { client, home } = daemon
  const failures: Failed[] = []
  client.on('plugin/didFail', (failure) => void failures.push(failure))
  const { url } = await startOrigin((request, response) => void (request.url !== '/never' && response.end(`body of ${request.url}`)), {
    tls: false,
  })
  const module = (name: string, body: string, change = '') => {
    const path = join(home.folder, `${name}.mjs`)
    writeFileSync(path, filterSource(name, body, change))
    return path
  }
  const session = await client.call('session/start', { filters: typeof filters === 'function' ? filters(module) : filters })
  return {
    ...daemon,
    session,
    origin: url,
    failures,
    module,
    get: async (path) => {
      const { status } = await getThrough(session.proxy?.port ?? 0, `${url}${path}`)
      if (status !== 200) throw new Error(`traffic was harmed: ${status}`)
    },
    recorded: async () => {
      await client.call('session/stop', { sessionId: session.id })
      const { items } = await client.call('exchange/list', { sessionId: session.id })
      return items.map(({ request }) => new URL(request.url).pathname)
    },
  }
}

export const filterSource = (name: string, body: string, change = '') => `export default {
  kind: 'filter', name: '${name}', version: '1.0.0', api: 1, description: 'of a test',
  config: { type: 'object', additionalProperties: false, properties: { word: { type: 'string', default: 'secret' } } },
  create: (config, host) => ({ apply(exchange) { ${body} } }),
  ${change}
}
`
