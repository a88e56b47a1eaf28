/** A capture for the time of a test: a session with a port of its own, and what programs need to send their traffic through it. */
import { proxyUrl } from './authority.ts'
import { bodyStream } from './body-stream.ts'
import { callersRoots, writeCaBundle } from './ca-bundle.ts'
import type { Client } from './client.ts'
import { commandEnvironment } from './command-environment.ts'
import { connectOrStart } from './daemon-process.ts'
import { expectExchange, expectNoExchange, expectQuiet } from './expectations.ts'
import { type Environment, type Home, resolveHome } from './home.ts'
import type { Exchange, Part, Session } from './model.ts'
import type { Params } from './protocol.ts'

export interface CaptureOptions {
  /** As session/start takes them. The proxy listens on a free port of 127.0.0.1. */
  session?: Omit<Params<'session/start'>, 'proxy' | 'reverse'>
  /** Names the home, and is what `env` of the capture begins with; the caller's own when absent. What its NODE_EXTRA_CA_CERTS names, origins may chain to. */
  env?: Environment
  home?: Home
}

type Waiting<Options> = Omit<Options, 'sessionId' | 'where'>

/** What is captured now. Queries: docs/query.md; '' matches everything. */
export interface Capture {
  client: Client
  /** As it began. */
  session: Session
  /** `http://127.0.0.1:34567` */
  proxy: string
  /** PEM of the CA that signs what programs see of HTTPS origins. */
  certificate: string
  /** For child processes: the caller's, with the proxy and the CA in the variables that programs read. */
  env: Environment
  /** The first exchange that matches, in any state, waited for if need be. Its failure tells what there is instead. */
  expect(where: string, options?: Waiting<Parameters<typeof expectExchange>[1]>): Promise<Exchange>
  /** Fails at once with the exchange that matched, if one does within `forMs` (1,000). */
  expectNone(where: string, options?: Waiting<Parameters<typeof expectNoExchange>[1]>): Promise<void>
  /** Resolves when no exchange that matches is open and none has changed for `quietMs` (500). */
  quiet(where?: string, options?: Waiting<Parameters<typeof expectQuiet>[1]>): Promise<void>
  /** Where it is now: what changes later is `since` this clock. */
  clock(): Promise<string>
  /** All that match and are on record now, by seq. */
  exchanges(where?: string): Promise<Exchange[]>
  /** Without its Content-Encoding. Of one that is open it ends when the body does. */
  body(exchange: Pick<Exchange, 'seq'>, part: Part): ReadableStream<Uint8Array>
  /** The same as text: by its charset, else UTF-8. Rejects where it is none (1005 notText). */
  text(exchange: Pick<Exchange, 'seq'>, part: Part): Promise<string>
}

/** A session that its test left behind (it was killed) stops by itself, ms. */
const abandonedMs = 3_600_000

/** Starts the daemon when none runs. The session is stopped, and kept, however `use` ends. */
export async function withCapture<T>(use: (capture: Capture) => T | Promise<T>, options: CaptureOptions = {}): Promise<T> {
  const { env = process.env, home = resolveHome(env), session: settings = {} } = options
  const client = await connectOrStart({ home, env, client: { name: 'weir-testing', version: '1' } })
  try {
    const ca = [settings.tls?.ca, callersRoots(env)].filter(Boolean).join('\n')
    const session = await client.call('session/start', {
      autoStop: { idleMs: abandonedMs },
      ...settings,
      ...(ca !== '' && { tls: { ...settings.tls, ca } }),
      proxy: { port: 0 },
    })
    return await stopped(client, session, () => captured(client, session, env, use))
  } finally {
    await client.close()
  }
}

async function captured<T>(client: Client, session: Session, env: Environment, use: (capture: Capture) => T | Promise<T>): Promise<T> {
  const { certificate } = await client.call('ca/get', {})
  const bundle = await writeCaBundle(certificate, env)
  try {
    const proxy = proxyOf(session)
    return await use({ client, session, proxy, certificate, env: commandEnvironment(env, proxy, bundle), ...readers(client, session.id) })
  } finally {
    await bundle.remove()
  }
}

/** What the test itself failed with counts more than that its session cannot be stopped. */
async function stopped<T>(client: Client, { id: sessionId }: Session, work: () => Promise<T>): Promise<T> {
  const stop = () => client.call('session/stop', { sessionId })
  const result = await work().catch(async (error: unknown) => {
    await stop().catch(() => undefined)
    throw error
  })
  await stop()
  return result
}

function proxyOf({ proxy }: Session): string {
  if (proxy === null) throw new Error('the session has no proxy')
  return proxyUrl(proxy)
}

type Readers = Omit<Capture, 'client' | 'session' | 'proxy' | 'certificate' | 'env'>

const readers = (client: Client, sessionId: string): Readers => ({
  expect: (where, options) => expectExchange(client, { ...options, sessionId, where }),
  expectNone: (where, options) => expectNoExchange(client, { ...options, sessionId, where }),
  quiet: (where = '', options = {}) => expectQuiet(client, { ...options, sessionId, where }),
  clock: async () => (await client.call('exchange/list', { sessionId, order: 'desc', limit: 1 })).clock,
  async exchanges(where = '') {
    const found: Exchange[] = []
    for (let more = true; more; ) {
      const page = await client.call('exchange/list', { sessionId, where, after: found.at(-1)?.seq ?? 0, limit: 1000 })
      found.push(...page.items)
      more = page.more
    }
    return found
  },
  body: ({ seq }, part) => bodyStream(client, { sessionId, seq, part, decode: true }),
  async text({ seq }, part) {
    let whole = ''
    for (let offset = 0, eof = false; !eof; ) {
      const { text, next, eof: isEnd } = await client.call('exchange/readText', { sessionId, seq, part, offset })
      // Of a body that still comes it is what has come.
      eof = isEnd || next === offset
      whole += text
      offset = next
    }
    return whole
  },
})
