/** A daemon that answers over WebSockets, and clients of it that may send anything. */
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { type ClientOptions, type RawData, WebSocket } from 'ws'
import type { Client } from '../../sdk/client.ts'
import type { Right } from '../../sdk/rights.ts'
import { type RunningDaemon, startDaemon } from './daemon.ts'
import type { Answer } from './raw-client.ts'

/** As Chromium names the origin of an extension. */
export const extensionOrigin = `chrome-extension://${'abcdefghijklmnop'.repeat(2)}`

export interface ListeningDaemon extends RunningDaemon {
  port: number
}

export async function startListening(): Promise<ListeningDaemon> {
  const daemon = await startDaemon()
  const { port } = await daemon.client.call('websocket/start', { port: 0 })
  return { ...daemon, port }
}

export interface PairAnswer {
  status: number
  headers: Headers
  body: { token?: string; tokenId?: string; rights?: string[]; error?: { code: number; data: { reason: string; retryAfterMs?: number } } }
}

/** @param origin null: none is sent */
export async function pairWith(port: number, code: string, origin: string | null = extensionOrigin): Promise<PairAnswer> {
  const response = await fetch(`http://127.0.0.1:${port}/pair`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(origin !== null && { origin }) },
    body: JSON.stringify({ code, name: 'a test' }),
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as PairAnswer['body'] }
}

/** A token of that origin with these rights. */
export async function pairedToken(
  { client, port }: { client: Client; port: number },
  rights: Right[],
  origin: string | null = extensionOrigin,
): Promise<{ token: string; tokenId: string }> {
  const { code } = await client.call('pairing/start', { rights })
  const { token = '', tokenId = '' } = (await pairWith(port, code, origin)).body
  return { token, tokenId }
}

export interface SocketOptions {
  token?: string
  origin?: string | null
  headers?: ClientOptions['headers']
  path?: string
}

/** Not open yet; terminated when the test has finished. */
export function openSocket(port: number, options: SocketOptions = {}): WebSocket {
  const { token, origin = extensionOrigin, headers = {}, path = '/rpc' } = options
  const protocols = ['weir', ...(token === undefined ? [] : [`weir.token.${token}`])]
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { ...(origin !== null && { origin }), headers })
  onTestFinished(() => socket.terminate())
  socket.on('error', () => undefined)
  return socket
}

/** How an attempt to connect ends: the HTTP status that refused it, or the close code. */
export function refusalOf(socket: WebSocket): Promise<{ status: number } | { closed: number }> {
  return new Promise((resolve) => {
    socket.once('unexpected-response', (_request, response) => {
      response.resume()
      resolve({ status: response.statusCode ?? 0 })
    })
    socket.once('close', (closed) => resolve({ closed }))
  })
}

export class WebSocketClient {
  readonly socket: WebSocket
  readonly received: (Answer & { method?: string })[] = []
  readonly closed: Promise<number>
  #arrivals = new Set<() => void>()
  #ids = 0

  constructor(socket: WebSocket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('message', (data: RawData) => {
      this.received.push(JSON.parse(String(data)) as Answer)
      for (const arrived of this.#arrivals) arrived()
      this.#arrivals.clear()
    })
  }

  async next(satisfies: (answer: Answer & { method?: string }) => boolean): Promise<Answer> {
    for (;;) {
      const found = this.received.find(satisfies)
      if (found) return found
      await new Promise<void>((resolve) => this.#arrivals.add(resolve))
    }
  }

  async call(method: string, params: unknown = {}): Promise<Answer> {
    const id = `t${++this.#ids}`
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    return this.next((answer) => answer.id === id)
  }

  initialize(): Promise<Answer> {
    return this.call('initialize', { client: { name: 'test', version: '1' } })
  }
}

/** Open and initialized. */
export async function connectSocket(port: number, options: SocketOptions): Promise<WebSocketClient> {
  const client = new WebSocketClient(openSocket(port, options))
  await once(client.socket, 'open')
  await client.initialize()
  return client
}
