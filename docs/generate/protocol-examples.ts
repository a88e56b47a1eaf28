/** An example of each method for docs/protocol.md, in an order in which they can be made one after the other: a test does, against a real daemon. */
import type { Method, Params, Result } from '../../sdk/protocol.ts'

/** What the examples are about; in the docs they stand for what a reader has. */
export interface World {
  /** Of a running session with three exchanges of the origin: `GET /orders/1` (JSON, sets a cookie), `POST /login` (a form), `GET /events` (two server-sent events). */
  sessionId: string
  origin: string
  /** To write in, absolute. */
  folder: string
  /** What earlier examples answered. */
  startedId: string
  subscriptionId: string
  sourceId: string
  /** Of a client that was paired. */
  tokenId: string
}

type Some<T> = T extends readonly unknown[] ? { [I in keyof T]?: Some<T[I]> } : T extends object ? { [K in keyof T]?: Some<T[K]> } : T

interface Example<M extends Method> {
  params: Params<M>
  /** What is answered, among more. */
  result: Some<Result<M>>
}

const cookie = { name: 'theme', value: 'dark', domain: '.example.com', path: '/' }

export const examples: { [M in Method]: (world: World) => Example<M> } = {
  initialize: () => ({
    params: { client: { name: 'my-script', version: '1.0.0' }, requires: ['exchange/subscribe'] },
    result: { daemon: { name: 'weir' }, protocol: 1 },
  }),
  'rpc.discover': () => ({ params: {}, result: { openrpc: '1.3.2' } }),
  'daemon/status': () => ({ params: {}, result: { sessions: { running: 1, total: 1 } } }),
  'ca/get': () => ({ params: {}, result: {} }),
  'session/start': () => ({
    params: { name: 'nightly', where: '-type:image', limits: { bodyBytes: 1_000_000 }, autoStop: { idleMs: 600_000 } },
    result: { name: 'nightly', state: 'running', proxy: { host: '127.0.0.1' }, where: '-type:image', counts: { exchanges: 0 } },
  }),
  'session/pause': ({ startedId }) => ({ params: { sessionId: startedId }, result: { state: 'paused' } }),
  'session/resume': ({ startedId }) => ({ params: { sessionId: startedId }, result: { state: 'running' } }),
  'session/set': ({ startedId }) => ({ params: { sessionId: startedId, name: 'of last night' }, result: { name: 'of last night' } }),
  'session/stop': ({ startedId }) => ({ params: { sessionId: startedId }, result: { state: 'stopped', stopReason: 'sessionStopped' } }),
  'session/get': ({ startedId }) => ({ params: { sessionId: startedId }, result: { id: startedId, name: 'of last night' } }),
  'session/list': ({ sessionId }) => ({ params: { state: 'running' }, result: { items: [{ id: sessionId }] } }),
  'session/delete': ({ startedId }) => ({ params: { sessionId: startedId }, result: {} }),
  'session/overview': ({ sessionId }) => ({
    params: { sessionId, by: 'status' },
    result: { groups: [{ key: '200', exchanges: 3, failed: 0 }], total: { exchanges: 3 } },
  }),
  'exchange/list': ({ sessionId, origin }) => ({
    params: { sessionId, where: 'method:POST', limit: 10 },
    result: {
      items: [{ seq: 2, state: 'complete', request: { method: 'POST', url: `${origin}/login` }, response: { status: 200 } }],
      more: false,
    },
  }),
  'exchange/count': ({ sessionId }) => ({ params: { sessionId, where: 'status:2xx' }, result: { count: 3 } }),
  'exchange/get': ({ sessionId, origin }) => ({
    params: { sessionId, seq: 1, redact: 'standard' },
    result: { seq: 1, source: 'proxy', kind: 'http', request: { url: `${origin}/orders/1` } },
  }),
  'exchange/search': ({ sessionId }) => ({
    params: { sessionId, text: '"shipped"', parts: ['response.body'] },
    result: {
      items: [{ seq: 1, matches: [{ part: 'response.body', position: 18, before: '{"id":1,"status": ', match: '"shipped"', after: '}' }] }],
      more: false,
    },
  }),
  'exchange/wait': ({ sessionId }) => ({
    params: { sessionId, where: 'path:/orders/* state:complete', timeoutMs: 5000 },
    result: { item: { seq: 1 } },
  }),
  'exchange/subscribe': ({ sessionId }) => ({ params: { sessionId, where: 'status:>=400', since: 'start' }, result: {} }),
  'exchange/unsubscribe': ({ subscriptionId }) => ({ params: { subscriptionId }, result: {} }),
  'exchange/readBody': ({ sessionId }) => ({
    params: { sessionId, seq: 1, part: 'response', offset: 1, length: 6 },
    result: { data: 'ImlkIjox', size: 28, eof: false, truncated: false },
  }),
  'exchange/readText': ({ sessionId }) => ({
    params: { sessionId, seq: 1, part: 'response' },
    result: { text: '{"id":1,"status": "shipped"}', charset: 'utf-8', next: 28, eof: true },
  }),
  'exchange/readForm': ({ sessionId }) => ({
    params: { sessionId, seq: 2 },
    result: {
      type: 'urlencoded',
      items: [
        { index: 0, name: 'user', value: 'ann' },
        { index: 1, name: 'note', value: 'a & b' },
      ],
      more: false,
    },
  }),
  'exchange/readMessages': ({ sessionId }) => ({
    params: { sessionId, seq: 3, since: 1 },
    result: { items: [{ index: 1, direction: 'received', type: 'event', text: 'two', size: 3 }], more: false },
  }),
  'exchange/set': ({ sessionId }) => ({
    params: { sessionId, seq: 1, tags: ['checkout'], note: 'the first order' },
    result: { seq: 1, tags: ['checkout'], note: 'the first order' },
  }),
  'query/explain': () => ({
    params: { where: 'status:5xx OR dur>1s' },
    result: { text: 'status:500..599 OR dur:>1000', verified: false },
  }),
  'query/sql': ({ sessionId }) => ({
    params: { sessionId, sql: 'select seq, method from v1_exchange where seq <= ? order by seq', params: [2] },
    result: {
      columns: ['seq', 'method'],
      rows: [
        [1, 'GET'],
        [2, 'POST'],
      ],
      more: false,
    },
  }),
  'cookie/list': ({ sessionId }) => ({
    params: { sessionId, domain: 'localhost' },
    result: { items: [{ seq: 1, cause: 'set', cookie: { name: 'sid', value: '1', httpOnly: true } }], more: false },
  }),
  'request/send': ({ sessionId, origin }) => ({
    params: { request: { method: 'POST', url: `${origin}/login`, headers: [['Content-Type', 'text/plain']], body: 'hello' }, sessionId },
    result: { seq: 4, source: 'send', state: 'complete', response: { status: 200 } },
  }),
  'exchange/replay': ({ sessionId }) => ({
    params: { sessionId, seq: 1, override: { headers: [['Accept-Language', 'de']] } },
    result: { seq: 5, source: 'send', state: 'complete' },
  }),
  'exchange/delete': ({ sessionId }) => ({ params: { sessionId, where: 'seq:>3' }, result: { deleted: 2 } }),
  'exporter/list': () => ({ params: {}, result: {} }),
  'exporter/run': ({ sessionId, folder }) => ({
    params: { sessionId, exporter: 'har', out: `${folder}/capture.har`, where: 'path:/orders/*', redact: 'standard' },
    result: { path: `${folder}/capture.har`, exchanges: 1 },
  }),
  'importer/run': ({ folder }) => ({
    params: { path: `${folder}/capture.har`, name: 'from a file' },
    result: { exchanges: 1, leftOut: 0, malformed: 0, problems: [] },
  }),
  'plugin/list': () => ({ params: { kind: 'filter' }, result: { faults: [] } }),
  'jar/set': () => ({
    params: { jar: 'work', cookies: [cookie] },
    result: { items: [{ cause: 'set', cookie: { name: 'theme', domain: 'example.com' } }] },
  }),
  'jar/get': () => ({ params: { jar: 'work', url: 'https://www.example.com/' }, result: { items: [{ name: 'theme', value: 'dark' }] } }),
  'jar/list': () => ({ params: {}, result: { items: [{ name: 'work', cookies: 1 }] } }),
  'jar/export': ({ folder }) => ({
    params: { jar: 'work', format: 'cookies-txt', out: `${folder}/cookies.txt` },
    result: { path: `${folder}/cookies.txt`, cookies: 1, leftOut: 0 },
  }),
  'jar/import': ({ folder }) => ({
    params: { jar: 'copy', path: `${folder}/cookies.txt` },
    result: { format: 'cookies-txt', counts: { set: 1 }, rejected: [] },
  }),
  'jar/delete': () => ({ params: { jar: 'work', name: 'theme' }, result: { deleted: 1 } }),
  'jar/clear': () => ({ params: { jar: 'copy' }, result: { deleted: 1 } }),
  'sync/set': () => ({
    params: { domain: 'example.com', targets: [{ plugin: 'jar', config: { jar: 'work' } }] },
    result: { domain: 'example.com', direction: 'out', targets: [{ plugin: 'jar' }] },
  }),
  'sync/list': () => ({ params: {}, result: { items: [{ domain: 'example.com' }] } }),
  'sync/run': () => ({ params: { domain: 'example.com' }, result: { items: [{ domain: 'example.com' }] } }),
  'sync/delete': () => ({ params: { domain: 'example.com' }, result: {} }),
  'source/start': ({ sessionId }) => ({
    params: { kind: 'extension', sessionId, config: { browser: 'My browser 1.0' } },
    result: { browser: 'My browser 1.0' },
  }),
  'source/list': ({ sessionId, sourceId }) => ({
    params: { sessionId },
    result: { items: [{ id: sourceId, kind: 'extension', sessionId }] },
  }),
  'source/feed': ({ sourceId, origin }) => ({
    params: {
      sourceId,
      from: 1,
      events: [
        {
          kind: 'request',
          id: '7',
          at: 1_764_360_000_000,
          exchange: 'http',
          method: 'GET',
          url: `${origin}/cached.js`,
          headers: [['Accept', '*/*']],
          view: { resource: 'script', page: `${origin}/` },
        },
        { kind: 'end', id: '7', at: 1_764_360_000_004, proxied: false, failure: { reason: 'clientAborted', message: 'net::ERR_ABORTED' } },
      ],
    },
    result: { acknowledged: 2 },
  }),
  'source/answer': ({ sourceId }) => ({ params: { sourceId, ask: 1, cookies: [] }, result: {} }),
  'source/stop': ({ sourceId }) => ({ params: { sourceId }, result: {} }),
  'websocket/start': () => ({ params: { port: 0 }, result: { host: '127.0.0.1' } }),
  'pairing/start': () => ({ params: { rights: ['read'], name: 'my page', origin: 'http://localhost:5173' }, result: {} }),
  'token/list': ({ tokenId }) => ({ params: {}, result: { items: [{ id: tokenId, name: 'my page', rights: ['read'] }] } }),
  'token/delete': ({ tokenId }) => ({ params: { tokenId }, result: {} }),
  'websocket/stop': () => ({ params: {}, result: {} }),
  'daemon/stop': () => ({ params: {}, result: {} }),
}
