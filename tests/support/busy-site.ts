/** A site whose page asks in every way that a page has; the site keeps what it was asked. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { WebSocketServer } from 'ws'
import { type Origin, startOrigin } from './origin.ts'

export interface Asked {
  method: string
  path: string
  body: Buffer
}

export interface BusySite extends Origin {
  asked: Asked[]
  /** 5 MiB of chance. */
  file: Buffer
}

const html = (body: string) => `<!doctype html><link rel="icon" href="data:,"><body>${body}</body>`

/** Everything that the page does, in turn; `/done` is asked for at its end. */
const script = `
const text = (url, init) => fetch(url, init).then((response) => response.text())
const loaded = (element) => new Promise((resolve) => { element.onload = resolve; document.body.append(element) })
const inFrame = (name) => { const frame = document.createElement('iframe'); frame.name = name; document.body.append(frame); return new Promise((resolve) => setTimeout(resolve, 0)).then(() => new Promise((resolve) => { frame.onload = resolve; document.forms[name].submit() })) }
const said = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }))
async function all() {
  await text('/fetch')
  await text('/fetch-post', { method: 'POST', body: 'a text \\u00fc' })
  await new Promise((resolve) => { const xhr = new XMLHttpRequest(); xhr.onload = resolve; xhr.open('PUT', '/xhr'); xhr.send(new Uint8Array([0, 1, 254, 255])) })
  await text('/redirected')
  await inFrame('urlencoded')
  const file = await (await fetch('/file')).arrayBuffer()
  const files = new DataTransfer()
  files.items.add(new File([file], 'file.bin'))
  document.forms.multipart.file.files = files.files
  await inFrame('multipart')
  const form = new FormData()
  form.append('text', 'in a form')
  form.append('file', new Blob([file]), 'blob.bin')
  await text('/fetch-multipart', { method: 'POST', body: form })
  await text('/cached')
  await text('/cached')
  await Promise.all(Array.from({ length: 5 }, () => text('/cached-at-once')))
  const frame = document.createElement('iframe')
  frame.src = '/frame'
  await Promise.all([loaded(frame), said(window, 'message')])
  await said(new Worker('/worker.js'), 'message')
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket')
  await said(socket, 'open')
  socket.send('hello')
  await said(socket, 'message')
  socket.close()
  await said(socket, 'close')
  const events = new EventSource('/events')
  await said(events, 'last')
  events.close()
  await text('/fails').catch(() => {})
  await text('http://localhost:1/unsafe').catch(() => {})
  const gone = new AbortController()
  const slow = text('/aborted', { signal: gone.signal }).catch(() => {})
  await text('/is-aborted-asked')
  gone.abort()
  await slow
  const worker = await navigator.serviceWorker.register('/scope/worker.js')
  await new Promise((resolve) => { const wait = () => worker.active?.state === 'activated' ? resolve() : setTimeout(wait, 10); wait() })
  const controlled = document.createElement('iframe')
  controlled.src = '/scope/page'
  await Promise.all([loaded(controlled), said(window, 'message')])
  addEventListener('pagehide', () => { navigator.sendBeacon('/beacon', 'good bye'); fetch('/kept-alive', { method: 'POST', body: 'kept', keepalive: true }) })
  location = '/after'
}
all()
`

const pages: { readonly [path: string]: string } = {
  '/': html(`<form name="urlencoded" method="post" action="/form" target="urlencoded"><input name="a" value="1 &amp; 2"></form>
    <form name="multipart" method="post" action="/upload" target="multipart" enctype="multipart/form-data"><input name="text" value="a text"><input type="file" name="file"></form>
    <script src="/script.js"></script>`),
  '/frame': html(`<script>fetch('/frame-fetch').then(() => parent.postMessage('done', '*'))</script>`),
  '/scope/page': html(`<script>
    const text = async (path) => (await fetch(path)).text()
    text('/scope/made').then(() => text('/scope/passed')).then(() => parent.postMessage('done', '*'))</script>`),
  '/after': html('<script>fetch("/done")</script>'),
}

const scripts: { readonly [path: string]: string } = {
  '/script.js': script,
  '/worker.js': "fetch('/worker-fetch').then(() => postMessage('done'))",
  '/scope/worker.js': `addEventListener('install', () => skipWaiting())
    addEventListener('activate', (event) => event.waitUntil(clients.claim()))
    addEventListener('fetch', (event) => {
      if (event.request.url.endsWith('/made')) event.respondWith(new Response('made by the worker'))
      else if (event.request.url.endsWith('/passed')) event.respondWith(fetch(event.request))
    })`,
}

/** How often each is asked for on the wire, and how often by the page alone, beyond that. */
export const askedFor: { readonly [path: string]: { wire: number; alone?: number } } = {
  '/': { wire: 1 },
  '/script.js': { wire: 1 },
  '/fetch': { wire: 1 },
  '/fetch-post': { wire: 1 },
  '/xhr': { wire: 1 },
  '/redirected': { wire: 1 },
  '/redirected-again': { wire: 1 },
  '/redirected-to': { wire: 1 },
  '/form': { wire: 1 },
  '/file': { wire: 1 },
  '/upload': { wire: 1 },
  '/fetch-multipart': { wire: 1 },
  '/cached': { wire: 1, alone: 1 },
  '/cached-at-once': { wire: 1, alone: 4 },
  '/frame': { wire: 1 },
  '/frame-fetch': { wire: 1 },
  '/worker.js': { wire: 1 },
  '/worker-fetch': { wire: 1 },
  '/socket': { wire: 1 },
  '/events': { wire: 1 },
  '/unsafe': { wire: 0, alone: 1 },
  '/aborted': { wire: 1 },
  '/is-aborted-asked': { wire: 1 },
  '/scope/worker.js': { wire: 1 },
  '/scope/page': { wire: 1 },
  '/scope/made': { wire: 0, alone: 1 },
  // The page asks its worker, and that asks the site.
  '/scope/passed': { wire: 1, alone: 1 },
  '/beacon': { wire: 1 },
  '/kept-alive': { wire: 1 },
  '/after': { wire: 1 },
  '/done': { wire: 1 },
}

/** Closed when the test has finished. */
export async function startBusySite(): Promise<BusySite> {
  const asked: Asked[] = []
  const file = randomBytes(5 * 1024 * 1024)
  const arrived = Promise.withResolvers<void>()
  const origin = await startOrigin(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url: path = '' } = request
    asked.push({ method, path, body: Buffer.concat(chunks) })
    if (path === '/aborted') arrived.resolve()
    if (path === '/is-aborted-asked') await arrived.promise
    // The others wait for what the first of them is answered.
    if (path === '/cached-at-once') await setTimeout(300)
    answer(path, request, response, file)
  })
  const sockets = new WebSocketServer({ server: origin.server as Server, path: '/socket' })
  sockets.on('connection', (socket) => socket.on('message', (message) => socket.send(`you said ${String(message)}`)))
  return { ...origin, asked, file }
}

function answer(path: string, _request: IncomingMessage, response: ServerResponse, file: Buffer): void {
  const page = pages[path]
  const source = scripts[path]
  response.setHeader('cache-control', path.startsWith('/cached') ? 'max-age=3600' : 'no-store')
  if (page !== undefined) response.setHeader('content-type', 'text/html').end(page)
  else if (source !== undefined) response.setHeader('content-type', 'text/javascript').end(source)
  else if (path === '/redirected') response.writeHead(302, { location: '/redirected-again' }).end()
  else if (path === '/redirected-again') response.writeHead(307, { location: '/redirected-to' }).end('elsewhere')
  else if (path === '/file') response.end(file)
  else if (path === '/fails') response.destroy()
  else if (path === '/aborted') response.writeHead(200).flushHeaders()
  else if (path === '/events')
    response.setHeader('content-type', 'text/event-stream').write('data: 1\n\nid: 7\ndata: 2\n\nevent: last\ndata: 3\n\n')
  else response.end(`you asked for ${path}`)
}
