/**
 * What a browser tells of its requests (`SourceEvent`): the one shape between the sources
 * (plugins/interceptor, the extension) and the recorder, which makes one exchange of a request that the proxy has seen, too.
 * Times: Unix ms, on the daemon's clock.
 */
import type { BrowserView } from './browser-view.ts'
import { Failure, Headers, Message, Part } from './model.ts'
import { open, type Static, Type, words } from './schema.ts'

const optional = Type.Optional
const text = Type.String()

/** A browser (or an extension in one) that tells a session of its requests. */
export const SourceInfo = open({
  id: text,
  kind: Type.String({ description: 'The source plugin: browser, extension.' }),
  sessionId: text,
  startedAt: Type.Number(),
  /** As it calls itself: `Chromium 156.0.8078.73`. */
  browser: optional(text),
  /** What its user should know of how it runs: as root it has no sandbox. */
  notes: Type.Array(text),
})
export type SourceInfo = Static<typeof SourceInfo>

/**
 * One request of a browser, as it goes on. `request` is the first of an id, `end` the last; `response` comes when its final head is known (a redirect is an
 * end with a response, and what follows it has an id of its own).
 */
export const SourceEvent = Type.Union([
  open({
    kind: words('request'),
    id: text,
    at: Type.Number({ description: 'When the browser began with it: nothing of it can have reached a proxy before.' }),
    exchange: words('http', 'websocket'),
    method: text,
    url: text,
    headers: Headers,
    view: Type.Unsafe<BrowserView>({ type: 'object' }),
  }),
  /** Facts that come later: header fields as they were sent (in place of those of `request`), more of the view. */
  open({
    kind: words('more'),
    id: text,
    headers: optional(Headers),
    view: optional(Type.Unsafe<Partial<BrowserView>>({ type: 'object' })),
  }),
  open({
    kind: words('response'),
    id: text,
    /** When the first head of the response (1xx included) came to the browser. */
    at: Type.Number(),
    status: Type.Integer(),
    reason: text,
    httpVersion: text,
    headers: Headers,
    /** The browser's number of the connection that it came over; absent: over none (a cache, a service worker), or nobody knows. */
    connection: optional(Type.Integer()),
    /** It came through the session's proxy: its bodies are there. false: nothing but this source tells of it. */
    proxied: Type.Boolean(),
    server: optional(open({ address: text, port: Type.Integer() })),
  }),
  /** Of what no proxy can have seen only. `data`: base64 over RPC, bytes inside of the daemon. */
  open({ kind: words('body'), id: text, part: Part, data: Type.Unsafe<string | Uint8Array>({}) }),
  open({ kind: words('message'), id: text, message: Message }),
  open({
    kind: words('end'),
    id: text,
    at: Type.Number(),
    failure: optional(Failure),
    /** No response came, so `response` did not say it: whether it may have gone through the session's proxy. */
    proxied: optional(Type.Boolean()),
    /** And the connection that its head was sent on, where the browser says so (NetLog). */
    connection: optional(Type.Integer()),
    view: optional(Type.Unsafe<Partial<BrowserView>>({ type: 'object' })),
  }),
  /** Which of the session's client connections one of the browser's is: the port at the browser's end. */
  open({ kind: words('connection'), connection: Type.Integer(), port: Type.Integer() }),
  /** The source lost sight of requests (a buffer that was full, a target that crashed): on record as a gap. */
  open({ kind: words('lost'), from: Type.Number(), to: Type.Number(), requests: optional(Type.Integer()) }),
])
export type SourceEvent = Static<typeof SourceEvent>
