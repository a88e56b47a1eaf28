/** Starting the session of `weir capture`. */
import { readFileSync } from 'node:fs'
import { proxyUrl } from '../../sdk/authority.ts'
import type { Client } from '../../sdk/client.ts'
import { WeirError } from '../../sdk/errors.ts'
import type { Session } from '../../sdk/model.ts'
import type { Params } from '../../sdk/protocol.ts'
import { settingsOf, tlsOf } from './capture-flags.ts'
import type { Context } from './context.ts'
import { CommandFailed, sentence } from './exit.ts'
import type { Given } from './given.ts'
import { type PluginFlag, pluginSettings } from './plugin-flags.ts'
import { printable } from './printable.ts'

/** Where `weir capture` listens when nobody says. */
export const defaultPort = 9347
/** How many ports are tried after the default one. */
const nextPorts = 100

export interface Capture {
  session: Session
  /** `http://127.0.0.1:9347` */
  proxy: string
  /** The origin that it stands for. */
  reverse?: string
}

/** @param port undefined: the default one, or the next that is free */
export async function startCapture(client: Client, context: Context, given: Given, port: number | undefined): Promise<Capture> {
  const settings = await sessionSettings(client, context, given)
  const start = (at: number) => client.call('session/start', { ...settings, proxy: { port: at } }).catch(filterRefused)
  const session = port === undefined ? await startOnNextFree(start) : await start(port).catch((error: unknown) => refused(error, port))
  if (!session.proxy) throw new CommandFailed('the session has no proxy')
  const { reverse } = settings
  if (settings.tls?.keyLog) await context.err.line(`weir: TLS secrets go to ${printable(`${session.file}.keys`)}`)
  return { session, proxy: proxyUrl(session.proxy), ...(reverse !== undefined && { reverse }) }
}

async function startOnNextFree(start: (port: number) => Promise<Session>): Promise<Session> {
  for (let port = defaultPort; port < defaultPort + nextPorts; port++) {
    try {
      return await start(port)
    } catch (error) {
      if (!isPortInUse(error)) throw error
    }
  }
  return start(0)
}

const isPortInUse = (error: unknown): boolean => error instanceof WeirError && error.reason === 'portInUse'

function refused(error: unknown, port: number): never {
  if (!isPortInUse(error)) throw error
  throw new CommandFailed(`port ${port} is taken; name another with --port, or --port 0 for any free one`)
}

function filterRefused(error: unknown): never {
  if (error instanceof WeirError && error.reason === 'invalidFilter') throw new CommandFailed(`--filter: ${sentence(error)}`)
  throw error
}

async function sessionSettings(client: Client, context: Context, given: Given): Promise<Omit<Params<'session/start'>, 'proxy'>> {
  const name = given.text('name')
  const where = given.text('where')
  const reverse = given.text('reverse')
  const filters = await pluginSettings(client, 'filter', '--filter', given.values<PluginFlag>('filter'))
  const ca = await extraRoots(context)
  return {
    ...(name !== undefined && { name }),
    ...(where !== undefined && { where }),
    ...(filters.length > 0 && { filters }),
    ...(reverse !== undefined && { reverse }),
    ...settingsOf(given),
    tls: { ...tlsOf(given), ...(ca && { ca }) },
  }
}

/** What the caller trusts by NODE_EXTRA_CA_CERTS is trusted on its behalf. As in Node itself, a file that is missing is said and passed over. */
async function extraRoots({ env, err }: Context): Promise<string> {
  const file = env.NODE_EXTRA_CA_CERTS
  if (!file) return ''
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    await err.line(`weir: NODE_EXTRA_CA_CERTS is left out: ${(error as Error).message}`)
    return ''
  }
}
