/** docs/protocol.md, and the OpenRPC document: that they are true, and that others can build on them. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { protocolReference } from '../../docs/generate/protocol.ts'
import { examples, type World } from '../../docs/generate/protocol-examples.ts'
import { expectExchange } from '../../sdk/expectations.ts'
import type { Method, Result } from '../../sdk/protocol.ts'
import { requests } from '../../sdk/protocol.ts'
import { Validator } from '../../sdk/validation.ts'
import { chromiumPath } from '../support/chromium.ts'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { type OpenRpc, typesOf } from '../support/openrpc-types.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

const root = join(import.meta.dirname, '../..')

test('docs/protocol.md is what the table says (npm run docs writes it)', () => {
  expect(readFileSync(join(root, 'docs/protocol.md'), 'utf8')).toBe(protocolReference())
})

test('each example is answered as it says, by the schema of its result', { timeout: 120_000 }, async () => {
  const { client } = await startDaemon()
  const origin = await startOrigin(
    (request, response) => {
      if (request.url === '/events') response.setHeader('Content-Type', 'text/event-stream').end('data: one\n\ndata: two\n\n')
      else if (request.url === '/login') request.resume().once('end', () => response.end())
      else
        response.writeHead(200, { 'Content-Type': 'application/json', 'Set-Cookie': 'sid=1; HttpOnly' }).end('{"id":1,"status": "shipped"}')
    },
    { tls: false },
  )
  const { id: sessionId, proxy } = await client.call('session/start', { name: 'examples' })
  const world: World = {
    sessionId,
    origin: origin.url,
    folder: await temporaryHome(),
    startedId: '',
    subscriptionId: '',
    sourceId: '',
    tokenId: '',
  }
  const port = proxy?.port ?? 0
  await getThrough(port, `${origin.url}/orders/1`)
  await postThrough(port, `${origin.url}/login`, 'user=ann&note=a+%26+b')
  await getThrough(port, `${origin.url}/events`)
  await expectExchange(client, { sessionId, where: 'seq:3 state:complete', timeoutMs: 20_000 })

  const validator = new Validator()
  for (const method of Object.keys(examples) as Method[]) {
    if (method.startsWith('source/') && chromiumPath === null) continue
    const { params, result } = examples[method](world)
    // This connection is initialized already: a second time is refused.
    const answer = method === 'initialize' ? client.initialized : await client.call(method, params)
    expect({ method, answer }).toMatchObject({ method, answer: result })
    expect({ method, errors: validator.check(requests[method].result, answer) }).toEqual({ method, errors: [] })
    if (method === 'session/start') world.startedId = (answer as Result<'session/start'>).id
    if (method === 'source/start') world.sourceId = (answer as Result<'source/start'>).sourceId
    if (method === 'pairing/start') world.tokenId = await pair(answer as Result<'pairing/start'>)
    if (method === 'exchange/subscribe') world.subscriptionId = (answer as Result<'exchange/subscribe'>).subscriptionId
  }
})

test('types that are generated from the OpenRPC document fit what the daemon takes and answers', { timeout: 120_000 }, async () => {
  const { client } = await startDaemon()
  const document = (await client.call('rpc.discover', {})) as unknown as OpenRpc
  expect(document.methods.map(({ name }) => name)).toEqual(Object.keys(requests))
  const folder = await temporaryHome()
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(join(folder, 'weir.ts'), typesOf(document))
  writeFileSync(join(folder, 'use.ts'), use)
  const words = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--target',
    'es2022',
    '--module',
    'nodenext',
    '--exactOptionalPropertyTypes',
    join(folder, 'use.ts'),
  ]
  const { stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...words], {
    cwd: folder,
    encoding: 'utf8',
  })
  expect(stdout).toBe('')
})

/** Somebody's client over the generated types: what is right compiles, what is wrong does not. */
const use = `
import type { Methods, Notifications } from './weir.ts'
declare function call<M extends keyof Methods>(method: M, params: Methods[M]['params']): Promise<Methods[M]['result']>
declare function on<N extends keyof Notifications>(name: N, listener: (params: Notifications[N]) => void): void

const session = await call('session/start', { name: 'a', proxy: { port: 0 }, tls: { insecure: ['localhost'] } })
const port: number | undefined = session.proxy?.port
const { items, more } = await call('exchange/list', { sessionId: session.id, order: 'desc', limit: 5 })
const status: number | undefined = items[0]?.response?.status
const header: [string, string] | undefined = items[0]?.request.headers[0]
const state: 'open' | 'complete' | 'failed' | 'aborted' | undefined = items[0]?.state
on('exchange/didChange', ({ items, deleted, clock }) => { const [first] = items; const text: string = clock; const seqs: number[] = deleted; void [first?.seq, text, seqs] })
await call('request/send', { request: { method: 'POST', url: 'http://a/', body: { base64: '' }, headers: [['A', 'b']] } })
await call('exporter/run', { sessionId: session.id, exporter: 'har', redact: 'standard' })
await call('exporter/run', { sessionId: session.id, exporter: 'har', redact: { headers: ['X-Tenant'] } })
void [port, more, status, header, state]
// @ts-expect-error: no such param
await call('exchange/get', { sessionId: '', seq: 1, sequence: 2 })
// @ts-expect-error: a param is missing
await call('exchange/get', { sessionId: '' })
// @ts-expect-error: no such word
await call('exchange/list', { sessionId: '', order: 'random' })
// @ts-expect-error: no such method
await call('exchange/gets', {})
export {}
`

function postThrough(port: number, url: string, body: string): Promise<unknown> {
  return getThrough(port, url, { 'Content-Type': 'application/x-www-form-urlencoded' }, { method: 'POST', content: body })
}

/** As the page of that origin does it. */
async function pair({ code, port }: Result<'pairing/start'>): Promise<string> {
  const headers = { 'Content-Type': 'application/json', Origin: 'http://localhost:5173' }
  const answer = await fetch(`http://127.0.0.1:${port}/pair`, { method: 'POST', headers, body: JSON.stringify({ code, name: 'a page' }) })
  return ((await answer.json()) as { tokenId: string }).tokenId
}
