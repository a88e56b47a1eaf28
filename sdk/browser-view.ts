/** What a browser tells of an exchange beside what passed on the wire. */
import { open, type Static, Type, words } from './schema.ts'

const optional = Type.Optional
const text = Type.String()

export const resourceTypes = [
  'document',
  'stylesheet',
  'image',
  'media',
  'font',
  'script',
  'textTrack',
  'xhr',
  'fetch',
  'prefetch',
  'eventSource',
  'webSocket',
  'manifest',
  'signedExchange',
  'ping',
  'cspViolationReport',
  'preflight',
  'other',
] as const

/** What answers without a request to the network. */
export const servedFrom = ['memoryCache', 'diskCache', 'prefetchCache', 'serviceWorker'] as const

/** The browser's view of an exchange. */
export const BrowserView = open({
  sourceId: text,
  /** The browser's own name of it. Absent, as all else that differs: it is one of several requests, see `ambiguous`. */
  requestId: optional(text),
  resource: optional(words(...resourceTypes)),
  /** What made it ask: `script` with the place in it, `parser` with the document, ... */
  initiator: optional(
    open({
      type: text,
      url: optional(text),
      line: optional(Type.Integer({ description: 'From 1.' })),
      column: optional(Type.Integer({ description: 'From 1.' })),
      function: optional(text),
    }),
  ),
  /** URL of the page in the tab. */
  page: optional(text),
  frame: optional(open({ id: text, url: optional(text) })),
  /** URL of the worker, shared worker or service worker that asked. */
  worker: optional(text),
  servedFrom: optional(words(...servedFrom)),
  priority: optional(text),
  /** The browser's own words for a failure: net::ERR_ABORTED. */
  failure: optional(text),
  blocked: optional(text),
  /** The browser asked by itself, for no page. */
  own: optional(Type.Boolean()),
  /**
   * Of a body that is not there as the wire had it. decoded: without Content-Encoding. partial: not all of it. discarded: the browser had let it go.
   * notRead: nobody asked for it, for it was beyond the memory bound, or the proxy should have had it.
   */
  requestBody: optional(words('decoded', 'partial', 'discarded', 'notRead')),
  responseBody: optional(words('decoded', 'partial', 'discarded', 'notRead')),
  /** Seqs of exchanges of the proxy of which one, nobody can tell which, is this request; theirs name this one, and say what all that may be it have in common. */
  ambiguous: optional(Type.Array(Type.Integer())),
  /** Seqs of further exchanges on the wire that are this request: the browser sent it again. Theirs name this one as `resent`. */
  resends: optional(Type.Array(Type.Integer())),
  resent: optional(Type.Integer()),
})
export type BrowserView = Static<typeof BrowserView>
