/**
 * THE table of weir's JSON-RPC methods and notifications. Types, validation, the OpenRPC document, the client and the
 * docs derive from it; a method that is not here does not exist. Params are closed (a typo is an error), results are
 * open (they may grow). Names are `noun/verb`.
 */

import { CookieChange, cookieDomain, SyncDirection, SyncRule, SyncTarget } from './cookie/changes.ts'
import { CookieFormat, JarChange, JarCookie, JarImport, JarInfo, jarName, WrittenCookie } from './cookie/wire.ts'
import { Exchange, FormItem, Headers, Message, Part, Session, SessionState } from './model.ts'
import { ExchangeStatistics, groupCounts, OverviewGroup } from './overview-group.ts'
import { overviewKeys } from './overview-keys.ts'
import { pluginKinds } from './plugin/manifest.ts'
import { ExporterInfo, PluginFault, PluginInfo } from './plugin-info.ts'
import { ExportRedact, Redact, Redacted } from './redaction/settings.ts'
import { ListedToken, Right, Token } from './rights.ts'
import { closed, nullable, open, type Static, type TSchema, Type, words } from './schema.ts'
import { SearchHit, TextPart } from './search-hit.ts'
import { AutoStopSettings, filters, ProxySettings, SessionLimits, TlsSettings, waysOut } from './session-settings.ts'
import { SourceInfo } from './source.ts'
import { ExtensionCookie, ExtensionCookieKey, FedEvent, mostFedEvents } from './source-feed.ts'

const optional = Type.Optional
const text = Type.String()
const flag = Type.Boolean()
const count = Type.Integer({ minimum: 0 })
const sessionId = Type.String({ minLength: 1, description: 'The id that session/start answered.' })
const seq = Type.Integer({ minimum: 1, description: 'Names one exchange of its session for ever.' })
const where = Type.String({ description: 'A query (docs/query.md); error -32602 invalidQuery says where it is wrong.' })
const captureWhere = Type.String({
  description:
    'A query: only exchanges that match are stored, the others are followed and counted (counts.filtered). Empty: all are stored.',
})
const clock = Type.String({ description: "A position in a session, from an earlier answer; or 'start'." })

const timeoutMs = optional(
  Type.Integer({
    minimum: 1,
    maximum: 86_400_000,
    description:
      'For all of it, redirects too, from connecting to the last byte of the response; 5 minutes when absent. Beyond it: upstreamTimeout.',
  }),
)
const follow = optional(Type.Boolean({ description: 'Follow redirects, 20 at most: each is an exchange of its own.' }))
const httpVersion = optional(words('1.1', '2'))
const sentJar = optional(
  Type.String({
    ...jarName,
    description:
      'A cookie jar: its cookies go with the request, in place of a recorded Cookie field, and those of the responses go into it.',
  }),
)
const SentBody = Type.Union([text, closed({ text }), closed({ base64: text })], {
  description: 'A text, sent as UTF-8, or {base64} of bytes.',
})
const httpMethod = Type.String({ minLength: 1, maxLength: 100 })
const url = Type.String({
  minLength: 1,
  description: 'http: or https:; path and query are sent as they are, but for what is beyond ASCII.',
})

const method = <P extends TSchema, R extends TSchema>(summary: string, params: P, result: R) => ({ summary, params, result })

const bySession = closed({ sessionId })

/** An entry of a file that could not be imported: where it stands there (`line 3`, `log.entries[2] (line 80)`), and why. */
export const ImportProblem = open({ at: text, message: text })
export type ImportProblem = Static<typeof ImportProblem>

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
      websocket: nullable(
        open({ host: text, port: Type.Integer(), connections: count }, { description: 'Where it answers over WebSockets; null: nowhere.' }),
      ),
      limits: open(
        {
          connections: Type.Integer({ description: 'Of one session at a time.' }),
          handshakeMs: Type.Number(),
          connectMs: Type.Number(),
          retention: open({
            sessionBytes: nullable(Type.Number({ description: 'Of a session that says nothing itself; null: no limit.' })),
            diskBytes: nullable(Type.Number({ description: 'Of all sessions; null: no limit.' })),
            ageDays: nullable(Type.Number({ description: 'Of sessions that have stopped; null: no limit.' })),
          }),
        },
        { description: 'As config.toml sets them, or by default.' },
      ),
      warnings: Type.Array(text, { description: 'What its user should do something about.' }),
    }),
  ),
  'daemon/stop': method('Drains and stops, within 5 s.', closed({}), open({})),

  'websocket/start': method(
    'Answers over WebSockets on a loopback port, too (docs/security.md), until the daemon ends; answers where it already does.',
    closed({
      port: optional(
        Type.Integer({
          minimum: 0,
          maximum: 65535,
          description: '9340 when absent, or a free one where that is taken; 0: a free one. 1002 websocketRunning: it has another.',
        }),
      ),
    }),
    open({ host: text, port: Type.Integer() }),
  ),
  'websocket/stop': method('Ends that, its connections and the codes that wait.', closed({}), open({})),
  'pairing/start': method(
    'A code that gives a client over WebSockets its token, once, within 5 minutes: POST /pair {code, name} to that port. pairing/didEnd says how it ended.',
    closed({
      rights: Type.Array(Right, { uniqueItems: true }),
      name: optional(
        Type.String({ minLength: 1, maxLength: 100, description: 'What to call the client; what it calls itself when absent.' }),
      ),
      origin: optional(
        Type.String({
          pattern: '^https?://[^/]+$',
          maxLength: 300,
          description: 'A page of this origin may use it, and nobody else. Absent: extensions, pages of that port, programs.',
        }),
      ),
    }),
    open({ pairingId: text, code: text, expiresAt: Type.Number(), port: Type.Integer() }),
  ),
  'token/list': method('The tokens that were paired.', closed({}), open({ items: Type.Array(ListedToken) })),
  'token/delete': method('Revokes a token; its connections end at once.', closed({ tokenId: text }), open({})),

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
      reverse: optional(
        Type.String({
          description:
            "An origin, as https://api.example.com: the port behaves as it, for programs that cannot use a proxy. Host (:authority) becomes the origin's, nothing else changes; on loopback and without `auth` alone.",
        }),
      ),
      where: optional(captureWhere),
      filters: optional(filters),
      tls: optional(TlsSettings),
      ...waysOut,
      limits: optional(SessionLimits),
      autoStop: optional(AutoStopSettings),
      cookies: optional(
        Type.Boolean({ description: 'false: what Set-Cookie and Cookie fields change is not put on record for cookie/list.' }),
      ),
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
    'Changes a session from the next exchange on; what concerns connections, from the next connection on. Each group of settings that is given replaces the one before.',
    closed({
      sessionId,
      name: optional(Type.String({ minLength: 1, maxLength: 200 })),
      where: optional(captureWhere),
      filters: optional(filters),
      tls: optional(TlsSettings),
      ...waysOut,
      limits: optional(SessionLimits),
      autoStop: optional(AutoStopSettings),
    }),
    Session,
  ),
  'session/overview': method(
    "The exchanges of a session, or those that match, in groups, the largest first. By `host` (without port), `path` (authority and path, in which what looks like data is {id}, {date} or {name}), `method`, `status`, `type` (media type of the response), `process` (name of the client's).",
    closed({
      sessionId,
      where: optional(where),
      by: words(...overviewKeys),
      limit: optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Groups at most.' })),
      redact: optional(Redact),
    }),
    open({
      groups: Type.Array(OverviewGroup),
      rest: optional(
        open({
          groups: Type.Integer({
            minimum: 0,
            description: 'How many are not listed; beyond some 10,000 in all new ones are not told apart.',
          }),
          ...groupCounts,
        }),
      ),
      total: ExchangeStatistics,
    }),
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
      redact: optional(Redact),
    }),
    open({
      items: Type.Array(Exchange),
      deleted: optional(Type.Array(seq)),
      clock: text,
      more: flag,
      reset: optional(Type.Boolean({ description: 'The clock was foreign or too old: this is everything.' })),
    }),
  ),
  'exchange/search': method(
    'Finds a text in URLs, headers, bodies and messages, newest exchange first. With `redact` a text that is hidden is not found.',
    closed({
      sessionId,
      text: Type.String({ minLength: 1, maxLength: 10_000 }),
      caseSensitive: optional(Type.Boolean({ description: 'Otherwise ASCII letters match in either case.' })),
      parts: optional(Type.Array(TextPart, { minItems: 1, description: 'Where to look; everywhere when absent.' })),
      before: optional(Type.Integer({ minimum: 1, description: 'Only exchanges before this seq: the `next` of the page before.' })),
      limit: optional(Type.Integer({ minimum: 1, maximum: 1000, default: 50 })),
      redact: optional(Redact),
    }),
    open({
      items: Type.Array(SearchHit),
      more: Type.Boolean({ description: 'There may be hits before `next`.' }),
      next: optional(seq),
    }),
  ),
  'exchange/subscribe': method(
    'Tells of every exchange that matches each time it changes, by exchange/didChange, until unsubscribed.',
    closed({
      sessionId,
      where: optional(where),
      since: optional(Type.String({ description: "The clock from which to tell; 'start': all that is on record; absent: from now on." })),
      redact: optional(Redact),
    }),
    open({ subscriptionId: text }),
  ),
  'exchange/unsubscribe': method('Ends a subscription of this connection.', closed({ subscriptionId: text }), open({})),
  'exchange/wait': method(
    'Waits for an exchange, or for quiet.',
    closed({
      sessionId,
      where,
      timeoutMs: Type.Number({ minimum: 0, maximum: 86_400_000 }),
      since: optional(Type.String({ description: 'What changed after this clock counts; absent: what is on record counts, too.' })),
      quietMs: optional(
        Type.Number({
          minimum: 0,
          maximum: 86_400_000,
          description: 'Waits until none that matches is open and none has changed for so long.',
        }),
      ),
      redact: optional(Redact),
    }),
    open({
      item: nullable(Exchange),
      quiet: optional(Type.Boolean({ description: 'With quietMs: whether it became quiet; if not, item is what was last heard.' })),
    }),
  ),
  'exchange/delete': method(
    'Deletes one exchange (`seq`), or all that match (`where`), from a session that runs or has stopped. Subscribers hear of it.',
    closed({ sessionId, seq: optional(seq), where: optional(where) }),
    open({ deleted: Type.Integer({ minimum: 0, description: 'How many there were.' }) }),
  ),
  'exchange/set': method(
    'Tags an exchange or leaves a note on it; what is given replaces what was.',
    closed({
      sessionId,
      seq,
      tags: optional(
        Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 50, uniqueItems: true, description: 'Empty: none.' }),
      ),
      note: optional(nullable(Type.String({ maxLength: 10_000, description: 'null: none.' }))),
    }),
    Exchange,
  ),
  'exchange/count': method('How many exchanges there are, or match.', closed({ sessionId, where: optional(where) }), open({ count })),
  'exchange/get': method('One exchange.', closed({ sessionId, seq, redact: optional(Redact) }), Exchange),
  'exchange/readBody': method(
    'A range of one body.',
    closed({
      sessionId,
      seq,
      part: Part,
      offset: optional(count),
      length: optional(Type.Integer({ minimum: 0, description: '1 MiB when absent; more than 8 MiB is shortened.' })),
      decode: optional(Type.Boolean({ description: 'Undo Content-Encoding.' })),
      redact: optional(Redact),
    }),
    open({
      data: Type.String({ description: 'Base64.' }),
      size: Type.Integer({ minimum: 0, description: 'Of the whole part, decoded with `decode`.' }),
      eof: Type.Boolean({ description: 'The range reaches the end, and the body has ended.' }),
      truncated: flag,
    }),
  ),

  'exchange/readMessages': method(
    'The messages inside of an exchange, also while it is open. A page ends early (`more`) before 8 MiB.',
    closed({
      sessionId,
      seq,
      since: optional(Type.Integer({ minimum: 0, description: 'The first index wanted: that of the last one read, and one more.' })),
      limit: optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
      decode: optional(Type.Boolean({ description: 'Also give the content of gRPC messages, as `decoded`; not with `redact`.' })),
      redact: optional(Redact),
    }),
    open({ items: Type.Array(Message), more: flag }),
  ),

  'cookie/list': method(
    'What Set-Cookie and Cookie fields changed, in the order they were seen; without a session those of all sessions, the oldest first. A page may end early (`more`).',
    closed({
      sessionId: optional(sessionId),
      domain: optional(cookieDomain),
      at: optional(Type.Number({ description: 'Unix ms: only the changes by which the cookies held at that moment were what they were.' })),
      after: optional(Type.Integer({ minimum: 0, description: 'Only what comes after that index; with `sessionId`.' })),
      limit: optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
      redact: optional(Redact),
    }),
    open({ items: Type.Array(CookieChange), more: flag }),
  ),
  'sync/set': method(
    'Keeps the cookies of a domain in step with targets (docs/cookies.md), in place of the rule that the domain has. What running sessions hold goes to them at once.',
    closed({ domain: cookieDomain, targets: Type.Array(SyncTarget, { minItems: 1, maxItems: 16 }), direction: optional(SyncDirection) }),
    SyncRule,
  ),
  'sync/list': method('The sync rules, and how their targets are.', closed({}), open({ items: Type.Array(SyncRule) })),
  'sync/delete': method('Ends a rule; the targets keep what they hold.', closed({ domain: cookieDomain }), open({})),
  'sync/run': method(
    'Looks at all targets of a rule, or of all rules, now, and hands them what they have not got.',
    closed({ domain: optional(cookieDomain) }),
    open({ items: Type.Array(SyncRule) }),
  ),

  'query/explain': method(
    'What a query means: its tree, and the condition that finds it in a session file.',
    closed({ where }),
    open({
      ast: Type.Unknown({ description: 'The tree; sdk/query/ast.ts.' }),
      sql: Type.String({ description: 'On the private tables of this version, with a ? for each parameter.' }),
      params: Type.Array(Type.Unknown()),
      text: Type.String({ description: 'The query written out.' }),
      verified: Type.Boolean({ description: 'SQL alone does not say all: each exchange that it finds is looked at.' }),
    }),
  ),
  'query/sql': method(
    'Runs one reading statement of SQL on a session: the v1_* views (docs/sql.md). It has 10 s, and 1 GiB of memory.',
    closed({
      sessionId,
      sql: Type.String({ minLength: 1, maxLength: 100_000 }),
      params: optional(
        Type.Union([Type.Array(Type.Unknown()), Type.Record(Type.String(), Type.Unknown())], {
          description: 'By position, or by name. Values: null, true, false, numbers, texts.',
        }),
      ),
      limit: optional(Type.Integer({ minimum: 1, maximum: 100_000, description: 'Rows; 1,000 when absent.' })),
    }),
    open({
      columns: Type.Array(text),
      rows: Type.Array(Type.Array(Type.Unknown()), {
        description: 'Values as JSON; bytes are {base64}, integers beyond 2^53 texts.',
      }),
      more: Type.Boolean({ description: 'There are rows beyond the limit, or beyond 8 MiB.' }),
    }),
  ),
  'exchange/readText': method(
    'A range of one body as text: without Content-Encoding, by its byte order mark, its charset, UTF-8, or what it declares. What is no text: 1005 notText.',
    closed({
      sessionId,
      seq,
      part: Part,
      offset: optional(Type.Integer({ minimum: 0, description: 'Bytes of the decoded body; the `next` of the answer before.' })),
      length: optional(Type.Integer({ minimum: 1, description: 'Bytes; 1 MiB when absent; more than 2 MiB is shortened.' })),
      redact: optional(Redact),
    }),
    open({
      text,
      charset: Type.String({ description: 'Its name in the WHATWG Encoding standard.' }),
      malformed: Type.Boolean({ description: 'Some bytes are none in this charset and stand as U+FFFD.' }),
      next: Type.Integer({ minimum: 0, description: 'Where the next range begins: a character is never cut.' }),
      size: Type.Integer({ minimum: 0, description: 'Of the whole part, decoded, bytes.' }),
      eof: Type.Boolean({ description: 'The range reaches the end, and the body has ended.' }),
      truncated: flag,
    }),
  ),
  'exchange/readForm': method(
    'The fields of a form, or the parts of any multipart body, in their order. Values above 64 KiB are read with exchange/readBody {decode: true} at their offset. What is no form: 1005 notForm.',
    closed({
      sessionId,
      seq,
      part: optional(Part),
      since: optional(Type.Integer({ minimum: 0, description: 'The index of the first item.' })),
      limit: optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
      redact: optional(Redact),
    }),
    open({
      type: words('urlencoded', 'multipart'),
      items: Type.Array(FormItem),
      more: flag,
      size: Type.Integer({ minimum: 0, description: 'Of the body, decoded, bytes.' }),
      eof: Type.Boolean({ description: 'The body has ended; otherwise these are the fields that have come so far.' }),
      truncated: flag,
      malformed: optional(words('noDelimiter', 'unterminated', 'invalidHead')),
    }),
  ),

  'request/send': method(
    'Sends a request and answers with its exchange once that has ended, failed ones too. The exchange has the source `send`; `$/progress` tells {sessionId, seq} of each when it begins.',
    closed({
      request: closed({
        method: httpMethod,
        url,
        headers: optional(Headers),
        body: optional(SentBody),
        httpVersion,
      }),
      sessionId: optional(
        Type.String({
          minLength: 1,
          description: 'A running session: there it is recorded, with its settings it is sent. Absent: the standing one, `sent`.',
        }),
      ),
      jar: sentJar,
      follow,
      timeoutMs,
    }),
    Exchange,
  ),
  'exchange/replay': method(
    'Sends the request of an exchange again, as request/send does: in its session while that runs, else in `sent` with the settings of its session.',
    closed({
      sessionId,
      seq,
      override: optional(
        closed({
          method: optional(httpMethod),
          url: optional(url),
          headers: optional(
            Type.Array(Type.Tuple([text, nullable(text)]), {
              description: 'A name that is given has these values instead of its own; null: none.',
            }),
          ),
          body: optional(nullable(SentBody)),
          httpVersion,
        }),
      ),
      jar: sentJar,
      follow,
      timeoutMs,
    }),
    Exchange,
  ),

  'source/start': method(
    'Opens a browser, or attaches to one that runs (`endpoint`): it tells the session of its requests, those that pass the proxy and those that never do. It ends with the session.',
    closed({
      kind: Type.String({
        minLength: 1,
        description:
          "A source plugin (plugin/list {kind: 'source'}): `browser`; the absolute path of one's own; `extension`: the caller, which then tells by source/feed.",
      }),
      sessionId,
      url: optional(Type.String({ minLength: 1, description: 'The page to open.' })),
      headless: optional(Type.Boolean({ description: 'Without a window.' })),
      endpoint: optional(
        Type.String({
          minLength: 1,
          description: 'Of a browser that runs with --remote-debugging-port: http://127.0.0.1:9222, or its ws:// URL.',
        }),
      ),
      profile: optional(
        Type.String({
          minLength: 1,
          maxLength: 100,
          description: 'A name: a profile that is kept for the next time. Absent: a fresh one.',
        }),
      ),
      executable: optional(Type.String({ minLength: 1, description: 'An absolute path; absent: the first browser that is found.' })),
      config: optional(Type.Record(Type.String(), Type.Unknown(), { description: "More of the plugin's config." })),
    }),
    open({ sourceId: text, browser: text, notes: Type.Array(Type.String({ description: 'What its user should know of how it runs.' })) }),
  ),
  'source/feed': method(
    'Tells a session, as its source of the kind `extension`, of requests of a browser. Events are numbered from 1; what was sent before is taken once. Answers up to which number all is taken.',
    closed({
      sourceId: Type.String({ minLength: 1 }),
      from: Type.Integer({
        minimum: 1,
        description: 'Number of the first of these events; 1002 eventsMissing (data.acknowledged) when earlier ones have not come.',
      }),
      events: Type.Array(FedEvent, {
        maxItems: mostFedEvents,
        description: 'sdk/source-feed.ts. -32602 invalidEvent: none of them was taken.',
      }),
    }),
    open({ acknowledged: count }),
  ),
  'source/answer': method(
    'Answers source/ask.',
    closed({
      sourceId: Type.String({ minLength: 1 }),
      ask: Type.Integer({ minimum: 1 }),
      cookies: optional(Type.Array(ExtensionCookie, { maxItems: 50_000, description: 'What the browser holds.' })),
      at: optional(Type.Number({ description: 'When that last changed, Unix ms.' })),
      error: optional(Type.String({ maxLength: 1000, description: 'Why it could not be done.' })),
    }),
    open({}),
  ),
  'source/list': method(
    'The sources that are open, of a session or of all.',
    closed({ sessionId: optional(sessionId) }),
    open({ items: Type.Array(SourceInfo) }),
  ),
  'source/stop': method(
    'Ends a source, once it has told what it has seen (1.5 s at most); the session goes on.',
    closed({ sourceId: Type.String({ minLength: 1 }) }),
    open({}),
  ),
  'plugin/list': method(
    'The plugins of all kinds that are there, and the modules that cannot be used (plugin/didFail tells of these, too, when they are found).',
    closed({ kind: optional(words(...pluginKinds)) }),
    open({ items: Type.Array(PluginInfo), faults: Type.Array(PluginFault) }),
  ),
  'exporter/list': method('The exporters that are loaded.', closed({}), open({ items: Type.Array(ExporterInfo) })),
  'exporter/run': method(
    "Writes a session in another format: to a file (`out`), or as text of at most 8 MiB. With `follow` it goes on with each exchange that ends, until the session stops or the call is cancelled, and answers all the same; to a file, a named pipe, an endpoint (`to`), or as $/progress {data (base64), clock}, for which the call needs a workDoneToken. $/progress says up to which clock all is delivered; so does an error's data.clock.",
    closed({
      sessionId,
      exporter: text,
      where: optional(where),
      out: optional(
        Type.String({
          description:
            'An absolute path; an existing file is replaced by rename, a folder (of exporters that write one) has to be new or empty. With `follow` the file grows, and OUT.clock beside it says how far it is.',
        }),
      ),
      options: optional(Type.Record(Type.String(), Type.Unknown())),
      redact: optional(ExportRedact),
      follow: optional(flag),
      since: optional(
        Type.String({
          description: "With `follow`: the clock after which to begin, or 'start'. Absent: where the file is, else at the start.",
        }),
      ),
      to: optional(
        closed({
          url: Type.String({ description: 'With `follow`: each batch is POSTed there, and repeated until it is answered 2xx.' }),
          headers: optional(Type.Array(Type.Tuple([text, text]))),
        }),
      ),
    }),
    open({
      path: optional(text),
      text: optional(text),
      exchanges: count,
      bytes: count,
      clock: optional(Type.String({ description: 'With `follow`: up to which all is delivered. Pass it on as `since` to go on there.' })),
      ended: optional(words('stopped', 'cancelled')),
      deleted: optional(
        Type.Integer({
          minimum: 0,
          description: 'With `follow`: how many exchanges were deleted from the session meanwhile; what was delivered of them stays.',
        }),
      ),
      /** Absent: nothing was hidden. */
      redacted: optional(Redacted),
    }),
  ),
  'importer/run': method(
    'Makes a stopped session of a file in one of the formats of docs/importing.md; its content says which. What is malformed fails it, and nothing is imported.',
    closed({
      path: Type.String({ description: 'An absolute path.' }),
      name: optional(Type.String({ minLength: 1, maxLength: 200, description: "Of the session; the file's when absent." })),
      keepGood: optional(Type.Boolean({ description: 'Import the entries that can be read, and name the others.' })),
    }),
    open({
      sessionId: text,
      exchanges: count,
      leftOut: Type.Integer({ minimum: 0, description: 'Entries that are no HTTP exchanges, such as data: URLs.' }),
      malformed: Type.Integer({ minimum: 0, description: 'With keepGood: entries that could not be read.' }),
      problems: Type.Array(ImportProblem, { description: 'Those, the first 100.' }),
    }),
  ),

  'jar/list': method('The cookie jars, by name.', closed({}), open({ items: Type.Array(JarInfo) })),
  'jar/get': method(
    'Cookies of a jar that have not expired; with `url` those that go with a request, in the order of its Cookie field.',
    closed({
      jar: jarName,
      domain: optional(Type.String({ description: 'Only those of it and its subdomains.' })),
      name: optional(text),
      path: optional(text),
      url: optional(text),
      topLevel: optional(Type.String({ description: 'URL of the page on top, for partitioned cookies; absent: the origin itself is.' })),
      from: optional(words('sameSite', 'crossSiteNavigation', 'crossSite')),
    }),
    open({ items: Type.Array(JarCookie) }),
  ),
  'jar/set': method(
    'Puts cookies into a jar, as such or as the Set-Cookie fields of a response from `url`, and says what became of each.',
    closed({
      jar: jarName,
      cookies: optional(Type.Array(WrittenCookie, { maxItems: 50_000 })),
      url: optional(text),
      topLevel: optional(text),
      setCookie: optional(Type.Array(text, { maxItems: 50_000 })),
    }),
    open({ items: Type.Array(JarChange) }),
  ),
  'jar/delete': method(
    'Deletes the cookies that have the domain (exactly), name and path; with none of the three, the jar itself.',
    closed({ jar: jarName, domain: optional(text), name: optional(text), path: optional(text) }),
    open({ deleted: Type.Integer({ minimum: 0, description: 'Cookies.' }) }),
  ),
  'jar/clear': method(
    'Empties a jar, or takes out of it the cookies of a domain and its subdomains.',
    closed({ jar: jarName, domain: optional(text) }),
    open({ deleted: count }),
  ),
  'jar/import': method(
    'Puts the cookies of a file (docs/cookies.md) into a jar. What is malformed fails it, and nothing is imported; what the rules refuse is named.',
    closed({
      jar: jarName,
      path: optional(Type.String({ description: 'An absolute path; or else `text`.' })),
      text: optional(text),
      format: optional(CookieFormat),
      url: optional(Type.String({ description: 'Where Set-Cookie lines come from that do not say it.' })),
      keepGood: optional(Type.Boolean({ description: 'Import the entries that can be read, and name the others.' })),
    }),
    JarImport,
  ),
  'jar/export': method(
    'Writes the cookies of a jar, to `out` or into the answer.',
    closed({
      jar: jarName,
      format: CookieFormat,
      domain: optional(Type.String({ description: 'Only those of it and its subdomains.' })),
      out: optional(Type.String({ description: 'An absolute path; an existing file is replaced.' })),
    }),
    open({
      path: optional(text),
      text: optional(text),
      cookies: count,
      leftOut: Type.Integer({ minimum: 0, description: 'Cookies that the format has no words for.' }),
    }),
  ),
}

export const notifications = {
  /** At most one a second for each session. */
  'session/didChange': open({ session: Session }),
  /** A session is gone, by `session/delete` or by retention. */
  'session/didDelete': open({ sessionId: text }),
  /**
   * What changed in a subscription, oldest first. Without items and deletions it only moves the clock on. Keep the clock: a
   * subscription since it goes on where this one ended. `reset`: the clock was foreign or too old, this begins everything anew.
   */
  'exchange/didChange': open({
    subscriptionId: text,
    items: Type.Array(Exchange),
    deleted: Type.Array(seq),
    clock: text,
    reset: optional(flag),
    /** The last notice: why nothing more will come (a JSON-RPC error). */
    ended: optional(open({ code: Type.Integer(), message: text, data: optional(Type.Unknown()) })),
  }),
  /** An exporter, filter or cookie-sync plugin failed or was disabled. */
  'plugin/didFail': open({
    plugin: text,
    reason: text,
    message: text,
    /** Of a filter: where it runs, what it was doing, and the exchange in hand. */
    sessionId: optional(text),
    hook: optional(text),
    seq: optional(seq),
    /** It is asked no more in this session: its `onError` decides. */
    disabled: optional(flag),
  }),
  /** null: its time was over, or the WebSocket transport was stopped. */
  'pairing/didEnd': open({ pairingId: text, token: nullable(Token) }),
  /** To an extension that is a source, about the cookies of its browser: hold these and those no more, or, without either, say what is held. Answered by source/answer. */
  'source/ask': open({
    sourceId: text,
    ask: Type.Integer(),
    put: optional(Type.Array(ExtensionCookie)),
    gone: optional(Type.Array(ExtensionCookieKey)),
  }),
  /** A source has ended: it or its session was stopped, its browser was closed (`failed: false`), or it crashed, could not go on. */
  'source/didEnd': open({ sourceId: text, kind: text, sessionId: text, reason: text, failed: flag }),
  'daemon/willStop': open({}),
  /** LSP 3.17 work-done progress, for calls that take long. */
  '$/progress': open({ token: Type.Union([text, Type.Integer()]), value: Type.Unknown() }),
}

export type Method = keyof typeof requests

export type Params<M extends Method> = Static<(typeof requests)[M]['params']>
export type Result<M extends Method> = Static<(typeof requests)[M]['result']>
export type Notification = keyof typeof notifications
export type NotificationParams<N extends Notification> = Static<(typeof notifications)[N]>

/** Feature words beside the method names in `capabilities`. */
export const features: readonly string[] = []
