/** The configuration: `config.toml` in the home, read at start, never executed; and what weir takes from its environment. */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { dirname, resolve } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { codes, WeirError } from '../sdk/errors.ts'
import type { Environment } from '../sdk/home.ts'
import { closed, type Static, Type, words } from '../sdk/schema.ts'
import { Validator } from '../sdk/validation.ts'

const optional = Type.Optional
const milliseconds = Type.Integer({ minimum: 1, maximum: 3_600_000 })

const Configuration = closed({
  log: optional(closed({ level: optional(words('debug', 'info', 'warn', 'error')) })),
  proxy: optional(
    closed({
      connections: optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'Concurrent client connections of one session.' })),
      handshakeMs: optional(milliseconds),
      connectMs: optional(milliseconds),
      clientProcesses: optional(Type.Boolean({ description: 'Record which local process a connection comes from; true when absent.' })),
    }),
  ),
  tls: optional(
    closed({ ca: optional(Type.String({ description: 'A PEM file of roots that origins may chain to; relative to config.toml.' })) }),
  ),
  plugins: optional(
    Type.Array(Type.String({ minLength: 1 }), {
      description: 'Modules of plugins, or folders that hold some, relative to config.toml; or packages that are installed beside it.',
    }),
  ),
  grpc: optional(
    closed({
      protos: optional(
        Type.Array(Type.String({ minLength: 1 }), {
          description: '.proto files, or folders that hold some (imports are looked for there, too); relative to config.toml.',
        }),
      ),
    }),
  ),
  websocket: optional(
    closed({
      port: Type.Integer({
        minimum: 1,
        maximum: 65535,
        description: 'Of the loopback port that answers over WebSockets, from the start on.',
      }),
    }),
  ),
  retention: optional(
    closed({
      sessionBytes: optional(
        Type.Integer({
          minimum: 0,
          description:
            'Of a session that says nothing itself: beyond it its oldest exchanges go. 20 GiB when absent; 0: there is no limit.',
        }),
      ),
      diskBytes: optional(
        Type.Integer({ minimum: 0, description: 'Of all sessions: beyond it the oldest that have stopped are deleted.' }),
      ),
      ageDays: optional(Type.Number({ minimum: 0, description: 'Sessions that stopped longer ago are deleted.' })),
    }),
  ),
  readers: optional(closed({ threads: optional(Type.Integer({ minimum: 1, maximum: 64 })) })),
})

export interface Config {
  logLevel: 'debug' | 'info' | 'warn' | 'error'
  limits: { connections: number; handshakeMs: number; connectMs: number }
  /** Look up the processes behind local connections. */
  clientProcesses: boolean
  /** PEM of the roots that are trusted beside the system's; empty when there are none. */
  extraCa: string
  /** The user's plugins, as they are named: modules and folders relative to the file, packages. */
  plugins: string[]
  /** The user's .proto files: absolute paths of files or folders. */
  protos: string[]
  /** Where it answers over WebSockets from the start on; null: nowhere until it is asked to. */
  websocketPort: number | null
  readerThreads: number
  /** null: no limit. */
  retention: { sessionBytes: number | null; diskBytes: number | null; ageDays: number | null }
}

/** So large that only a session which nobody ends comes to it, bytes. */
const sessionBytesDefault = 20 * 1024 ** 3

/** Rejects what is not understood with 1005 configInvalid, naming the file and the key. */
export function readConfig(file: string, environment: Environment): Config {
  const found = parseFile(file)
  return {
    logLevel: found.log?.level ?? 'info',
    limits: {
      connections: found.proxy?.connections ?? 10_000,
      handshakeMs: found.proxy?.handshakeMs ?? 15_000,
      connectMs: found.proxy?.connectMs ?? 30_000,
    },
    clientProcesses: found.proxy?.clientProcesses ?? true,
    extraCa: [
      found.tls?.ca === undefined ? '' : readRoots(resolve(dirname(file), found.tls.ca), `tls.ca in ${file}`),
      environment.NODE_EXTRA_CA_CERTS ? readRoots(environment.NODE_EXTRA_CA_CERTS, 'NODE_EXTRA_CA_CERTS') : '',
    ].join(''),
    plugins: found.plugins ?? [],
    protos: (found.grpc?.protos ?? []).map((path) => resolve(dirname(file), path)),
    websocketPort: found.websocket?.port ?? null,
    readerThreads: found.readers?.threads ?? 2,
    retention: {
      sessionBytes: (found.retention?.sessionBytes ?? sessionBytesDefault) || null,
      diskBytes: found.retention?.diskBytes ?? null,
      ageDays: found.retention?.ageDays ?? null,
    },
  }
}

function parseFile(file: string): Static<typeof Configuration> {
  const text = readOptional(file)
  if (text === null) return {}
  try {
    const found = parse(text)
    const errors = new Validator().check(Configuration, found)
    if (errors.length === 0) return found as Static<typeof Configuration>
    throw invalid(file, errors.map(({ path, message }) => `${path.slice(1).replaceAll('/', '.') || 'it'} ${message}`).join('; '))
  } catch (error) {
    if (error instanceof TomlError) throw invalid(file, `line ${error.line}, column ${error.column}: not TOML`)
    throw error
  }
}

function readOptional(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw invalid(file, `it cannot be read (${code})`)
  }
}

function readRoots(file: string, namedBy: string): string {
  try {
    return `${readFileSync(file, 'utf8').trimEnd()}\n`
  } catch (error) {
    throw invalid(file, `${namedBy} names it and it cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

const invalid = (file: string, what: string) =>
  new WeirError(codes.unavailable, 'configInvalid', `${file}: ${what}; correct it and start weir again`)

/** What weakens TLS or HTTP parsing for the whole process, in words; null when there is nothing. */
export function refusedEnvironment(environment: Environment, flags: readonly string[]): string | null {
  if (environment.NODE_TLS_REJECT_UNAUTHORIZED === '0')
    return 'NODE_TLS_REJECT_UNAUTHORIZED=0 would stop every certificate from being verified: unset it, and name the hosts you mean with --insecure'
  const options = [...flags, ...(environment.NODE_OPTIONS ?? '').split(/\s+/)]
  if (options.some((option) => option.startsWith('--insecure-http-parser')))
    return '--insecure-http-parser would let ambiguous messages through: remove it from NODE_OPTIONS'
  return null
}

const proxyVariables = /^(https?|all|ws|wss)_proxy$/i

/** The environment without proxy variables that point at a loopback port of weir's own: it would talk to itself. */
export function withoutOwnProxies(environment: Environment, ownPorts: ReadonlySet<number>): { [name: string]: string } {
  const kept: { [name: string]: string } = {}
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || (proxyVariables.test(name) && pointsAt(value, ownPorts))) continue
    kept[name] = value
  }
  return kept
}

function pointsAt(proxy: string, ports: ReadonlySet<number>): boolean {
  const url = URL.parse(/^[a-z0-9]+:\/\//i.test(proxy) ? proxy : `http://${proxy}`)
  if (!url) return false
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return (isLoopback(host) || isUnspecified(host)) && ports.has(Number(url.port || 80))
}

/** By name or address. */
export const isLoopback = (host: string): boolean =>
  isIP(host) === 4 ? host.startsWith('127.') : host === '::1' || host === 'localhost' || host.endsWith('.localhost')

/** As a destination it is this machine; as a listener it is every interface. */
const isUnspecified = (host: string): boolean => host === '0.0.0.0' || host === '::'
