/** A page that asks in every way that pages have, and the origin behind it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { WebSocketServer } from 'ws'
import { type Origin, startOrigin } from '../support/origin.ts'

const html = (body: string) => ({
  type: 'text/html; charset=utf-8',
  body: `<!doctype html><title>t</title><link rel="icon" href="data:,">${body}`,
})
const script = (body: string) => ({ type: 'text/javascript', body })

const workerScript = `
const asked = (async () => { await (await fetch('/from-worker')).text() })()
onmessage = async () => { await asked; postMessage('done') }`

const sharedWorkerScript = `
onconnect = async ({ ports: [port] }) => { await (await fetch('/from-shared-worker')).text(); port.postMessage('done') }`

const serviceWorkerScript = `
oninstall = () => skipWaiting()
onactivate = (event) => event.waitUntil(clients.claim())
onfetch = (event) => {
  const { pathname } = new URL(event.request.url)
  if (pathname === '/made-by-worker') event.respondWith(new Response('made up', { status: 203, headers: { 'X-Made': 'yes' } }))
  if (pathname === '/fetched-by-worker') event.respondWith(fetch('/behind-worker'))
}`

/** `other`: another origin; `refused`: where nobody listens. */
const pageScript = (other: string, refused: string) => `
const text = async (...asked) => (await fetch(...asked)).text()
const heard = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }))
function askedByName() { return text('/fetch') }
async function all() {
  await askedByName()
  const xhr = new XMLHttpRequest()
  xhr.open('PUT', '/xhr')
  xhr.setRequestHeader('X-Own', 'p\\u00e4per')
  const loaded = heard(xhr, 'load')
  xhr.send('{"a":1}')
  await loaded
  await frameDone
  const submitted = heard(document.querySelector('iframe[name=target]'), 'load')
  document.querySelector('form').submit()
  await submitted
  const form = new FormData()
  form.append('field', 'value')
  form.append('file', new Blob([new Uint8Array(100_000).map((_, i) => i % 251)]), 'data.bin')
  await text('/multipart', { method: 'POST', body: form })
  await text('/redirected-1')
  await text('/cached')
  await text('/cached')
  await text('/gzip')
  await text(${JSON.stringify(other)} + '/cross', { method: 'PATCH', headers: { 'X-Cross': '1' }, body: 'x' })
  await fetch(${JSON.stringify(other)} + '/no-cors').catch(() => undefined)
  await fetch(${JSON.stringify(refused)} + '/refused', { mode: 'no-cors' }).catch(() => undefined)
  await fetch('/cut').then((r) => r.text()).catch(() => undefined)
  const abort = new AbortController()
  const aborted = fetch('/never', { signal: abort.signal }).catch(() => undefined)
  await text('/while-never')
  abort.abort()
  await aborted
  const worker = new Worker('/worker.js')
  worker.postMessage('')
  await heard(worker, 'message')
  const shared = new SharedWorker('/shared-worker.js')
  shared.port.start()
  await heard(shared.port, 'message')
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket')
  await heard(socket, 'open')
  socket.send('hello')
  await heard(socket, 'message')
  socket.send(new Uint8Array([1, 2, 255]))
  await heard(socket, 'message')
  socket.close(1000, 'bye')
  await heard(socket, 'close')
  const events = new EventSource('/events')
  await heard(events, 'last')
  events.close()
  await navigator.serviceWorker.register('/service-worker.js')
  await navigator.serviceWorker.ready
  if (!navigator.serviceWorker.controller) await heard(navigator.serviceWorker, 'controllerchange')
  await text('/made-by-worker')
  await text('/fetched-by-worker')
}
all().catch((error) => text('/failed?' + encodeURIComponent(error))).then(() => text('/done'))`

const form = '<form method="post" action="/form" target="target"><input name="a" value="1 2"><input name="b" value="&amp;"></form>'

export interface Site extends Origin {
  other: Origin
  /** Nobody listens there. */
  refused: string
  /** Whatever was asked, in the order it came. */
  asked: { method: string; path: string; body: Buffer; request: IncomingMessage }[]
}

/** Closed when the test has finished. */
export async function startSite({ tls = false } = {}): Promise<Site> {
  const asked: Site['asked'] = []
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const path = request.url ?? ''
      asked.push({ method: request.method ?? '', path, body: Buffer.concat(chunks), request })
      answer(path, request, response)
    })
  }
  const other = await startOrigin(listener, { tls })
  const origin = await startOrigin(listener, { tls })
  const gone = await startOrigin(listener, { tls })
  await gone.close()
  const sockets = new WebSocketServer({ server: origin.server as never })
  sockets.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })))
  return { ...origin, other, refused: gone.url, asked }

  function answer(path: string, request: IncomingMessage, response: ServerResponse): void {
    const { type, body } = pages(path) ?? { type: 'text/plain', body: `${request.method} ${path}` }
    if (path === '/redirected-1') return void response.writeHead(302, { Location: '/redirected-2', 'Set-Cookie': ['a=1', 'b=2'] }).end()
    if (path === '/redirected-2') return void response.writeHead(307, { Location: '/landed' }).end()
    if (path === '/cached') response.setHeader('Cache-Control', 'max-age=3600')
    if (path === '/cut') return void response.writeHead(200, { 'Content-Length': '100' }).write('short', () => request.socket.destroy())
    if (path === '/never') return
    if (path === '/gzip') {
      response.setHeader('Content-Encoding', 'gzip')
      return void response.end(Buffer.from('H4sIAAAAAAAAA8tIzcnJVyjPL8pJAQCFEUoNCwAAAA==', 'base64'))
    }
    if (path === '/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      return void response.write('data: one\n\nid: 7\nevent: last\ndata: two\ndata: lines\n\n')
    }
    if (request.headers.origin && path === '/cross') {
      response.setHeader('Access-Control-Allow-Origin', request.headers.origin)
      response.setHeader('Access-Control-Allow-Methods', 'PATCH')
      response.setHeader('Access-Control-Allow-Headers', 'X-Cross')
    }
    response.setHeader('Content-Type', type)
    response.end(body)
  }

  function pages(path: string): { type: string; body: string } | undefined {
    if (path === '/')
      return html(
        `<script>frameDone = new Promise((resolve) => { onmessage = resolve })</script><img src="/picture.svg"><iframe name="target" src="/frame"></iframe>${form}<script src="/page.js"></script>`,
      )
    if (path === '/frame') return html('<script>fetch("/from-frame").then(() => parent.postMessage("", "*"))</script>')
    if (path === '/page.js') return script(pageScript(other.url, gone.url))
    if (path === '/worker.js') return script(workerScript)
    if (path === '/shared-worker.js') return script(sharedWorkerScript)
    if (path === '/service-worker.js') return script(serviceWorkerScript)
    if (path === '/picture.svg') return { type: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg"/>' }
    return undefined
  }
}

/** Method, path and how often: what the page asks for itself, at which origin it may be. */
export const askedOnce = [
  'GET /',
  'GET /picture.svg',
  'GET /frame',
  'GET /from-frame',
  'GET /page.js',
  'GET /fetch',
  'PUT /xhr',
  'POST /form',
  'POST /multipart',
  'GET /redirected-1',
  'GET /redirected-2',
  'GET /landed',
  'GET /gzip',
  'OPTIONS /cross',
  'PATCH /cross',
  'GET /no-cors',
  'GET /cut',
  'GET /never',
  'GET /while-never',
  'GET /worker.js',
  'GET /from-worker',
  'GET /shared-worker.js',
  'GET /from-shared-worker',
  'GET /socket',
  'GET /events',
  'GET /service-worker.js',
  'GET /made-by-worker',
  'GET /fetched-by-worker',
  'GET /behind-worker',
  'GET /done',
]
