/**
 * THE table of weir's JSON-RPC methods and notifications. Types, validation, the OpenRPC document, the client and the
 * docs derive from it; a method that is not here does not exist. Params are closed (a typo is an error), results are
 * open (they may grow). Names are `noun/verb`.
 */
import { Exchange, Part, Session, SessionState } from './model.ts'
import { closed, nullable, open, type Static, type TSchema, Type, words } from './schema.ts'

export const protocolVersion = 1

const optional = Type.Optional
const text = Type.String()
const flag = Type.Boolean()
const count = Type.Integer({ minimum: 0 })
const sessionId = Type.String({ minLength: 1, description: 'The id that session/start answered.' })
const seq = Type.Integer({ minimum: 1, description: 'Names one exchange of its session for ever.' })
const where = Type.String({ description: 'A query.' })
const clock = Type.String({ description: "A position in a session, from an earlier answer; or 'start'." })

const method = <P extends TSchema, R extends TSchema>(summary: string, params: P, result: R) => ({ summary, params, result })

const bySession = closed({ sessionId })

export const TlsSettings = closed({
  bypass: optional(Type.Array(text, { description: 'Host patterns (`*` is any run of characters) that are never decrypted.' })),
  insecure: optional(Type.Array(text, { description: 'Host patterns whose certificates are not verified.' })),
  ca: optional(Type.String({ description: 'PEM certificates trusted beside the system roots.' })),
})
export type TlsSettings = Static<typeof TlsSettings>

export const ProxySettings = closed({
  host: optional(Type.String({ description: '127.0.0.1 when absent; beyond loopback `auth` is required.' })),
  port: optional(Type.Integer({ minimum: 0, maximum: 65535, description: '0 or absent: a free one.' })),
  auth: optional(closed({ username: Type.String({ minLength: 1 }), password: text })),
})
export type ProxySettings = Static<typeof ProxySettings>

export const ExporterInfo = open({ name: text, version: text, description: text, config: Type.Unknown() })
export type ExporterInfo = Static<typeof ExporterInfo>

export const requests = {
  initialize: method(
    'The first call of every connection.',
    closed({
      client: closed({ name: text, version: text }),
      requires: optional(
        Type.Array(text, { description: 'Capabilities without which the client cannot work: error 1006 names the missing.' }),
      ),
    }),
    open({
      daemon: open({ name: text, version: text, pid: Type.Integer() }),
      protocol: Type.Integer(),
      capabilities: Type.Array(text),
    }),
  ),
  'rpc.discover': method('This table as an OpenRPC 1.x document.', closed({}), open({ openrpc: text })),
  'daemon/status': method(
    'How the daemon is.',
    closed({}),
    open({
      version: text,
      pid: Type.Integer(),
      uptimeMs: Type.Number(),
      home: text,
      node: text,
      sessions: open({ running: count, total: count }),
      memory: open({ rssBytes: count }),
      recorder: open({
        commitIntervalMs: Type.Number({ description: '25, stretched to 250 under load.' }),
        restarts: count,
      }),
      proxy: open({ running: flag, connections: count, restarts: count }),
      warnings: Type.Array(text, { description: 'What its user should do something about.' }),
    }),
  ),
  'daemon/stop': method('Drains and stops, within 5 s.', closed({}), open({})),

  'ca/get': method(
    'The certificate authority that signs the leaf certificates; made on first use.',
    closed({}),
    open({
      certificate: Type.String({ description: 'PEM.' }),
      path: text,
      subject: text,
      validTo: Type.Number(),
      fingerprint256: text,
    }),
  ),

  'session/start': method(
    'Begins to capture on a proxy port of its own.',
    closed({
      name: optional(Type.String({ minLength: 1, maxLength: 200 })),
      proxy: optional(nullable(ProxySettings)),
      where: optional(where),
      tls: optional(TlsSettings),
    }),
    Session,
  ),
  'session/stop': method('Ends the capture; what is in flight has 2 s.', bySession, Session),
  'session/pause': method('Traffic flows on and is not stored.', bySession, Session),
  'session/resume': method('Goes on after a pause, or opens a stopped session again.', bySession, Session),
  'session/get': method('One session.', bySession, Session),
  'session/delete': method('Deletes a session that is not running.', bySession, open({})),
  'session/list': method('All sessions, oldest first.', closed({ state: optional(SessionState) }), open({ items: Type.Array(Session) })),
  'session/set': method(
    'Changes a session from the next exchange on.',
    closed({
      sessionId,
      name: optional(Type.String({ minLength: 1, maxLength: 200 })),
      where: optional(where),
      tls: optional(TlsSettings),
    }),
    Session,
  ),

  'exchange/list': method(
    'A page by seq, or what changed since a clock. A page ends early (`more`) before 8 MiB.',
    closed({
      sessionId,
      where: optional(where),
      order: optional(words('asc', 'desc')),
      before: optional(seq),
      after: optional(count),
      since: optional(clock),
      limit: optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
    }),
    open({
      items: Type.Array(Exchange),
      deleted: optional(Type.Array(seq)),
      clock: text,
      more: flag,
      reset: optional(Type.Boolean({ description: 'The clock was foreign or too old: this is everything.' })),
    }),
  ),
  'exchange/get': method('One exchange.', closed({ sessionId, seq }), Exchange),
  'exchange/readBody': method(
    'A range of one body.',
    closed({
      sessionId,
      seq,
      part: Part,
      offset: optional(count),
      length: optional(Type.Integer({ minimum: 0, description: '1 MiB when absent; more than 8 MiB is shortened.' })),
      decode: optional(Type.Boolean({ description: 'Undo Content-Encoding.' })),
    }),
    open({
      data: Type.String({ description: 'Base64.' }),
      size: Type.Integer({ minimum: 0, description: 'Of the whole part, decoded with `decode`.' }),
      eof: Type.Boolean({ description: 'The range reaches the end, and the body has ended.' }),
      truncated: flag,
    }),
  ),

  'exporter/list': method('The exporters that are loaded.', closed({}), open({ items: Type.Array(ExporterInfo) })),
  'exporter/run': method(
    'Writes a session in another format: to a file (`out`), or as text of at most 8 MiB.',
    closed({
      sessionId,
      exporter: text,
      where: optional(where),
      out: optional(Type.String({ description: 'An absolute path; an existing file is replaced by rename.' })),
      options: optional(Type.Record(Type.String(), Type.Unknown())),
    }),
    open({ path: optional(text), text: optional(text), exchanges: count, bytes: count }),
  ),
}

export const notifications = {
  /** At most one a second for each session. */
  'session/didChange': open({ session: Session }),
  /** An exporter, filter or cookie-sync plugin failed or was disabled. */
  'plugin/didFail': open({ plugin: text, reason: text, message: text }),
  'daemon/willStop': open({}),
  /** LSP 3.17 work-done progress, for calls that take long. */
  '$/progress': open({ token: Type.Union([text, Type.Integer()]), value: Type.Unknown() }),
}

export type Method = keyof typeof requests

/** Parameters that clients may know of and that are refused with -32602 notYetAvailable until what they ask for is built. */
export const notYetAvailable: { readonly [M in Method]?: readonly string[] } = {
  'session/start': ['where', 'filters', 'upstream', 'reverse', 'limits', 'autoStop'],
  'session/set': ['where', 'filters', 'upstream', 'limits', 'autoStop'],
  'exchange/list': ['where'],
  'exporter/run': ['where', 'redact'],
}
export type Params<M extends Method> = Static<(typeof requests)[M]['params']>
export type Result<M extends Method> = Static<(typeof requests)[M]['result']>
export type Notification = keyof typeof notifications
export type NotificationParams<N extends Notification> = Static<(typeof notifications)[N]>

/** Feature words beside the method names in `capabilities`. */
export const features: readonly string[] = []

export const limits = {
  /** RPC frame, bytes. */
  frameBytes: 16 * 1024 * 1024,
  /** Nesting of a request's JSON. */
  jsonDepth: 64,
  /** Requests of one client in flight. */
  inFlight: 64,
  /** A page of exchange/list ends early before this, bytes. */
  pageBytes: 8 * 1024 * 1024,
  listDefault: 100,
  readBodyDefault: 1024 * 1024,
  readBodyMaximum: 8 * 1024 * 1024,
  /** exporter/run without `out`, bytes. */
  textBytes: 8 * 1024 * 1024,
} as const

/** `c:<session>:<change>`; opaque to clients. */
export const formatClock = (sessionId: string, change: number): string => `c:${sessionId}:${change}`

/** The change a clock of this session stands at; null for a foreign or malformed one. 'start' is 0. */
export function parseClock(clock: string, sessionId: string): number | null {
  if (clock === 'start') return 0
  const match = /^c:([^:]+):(\d{1,15})$/.exec(clock)
  return match?.[1] === sessionId ? Number(match[2]) : null
}
