/** A client over the WebSocket transport (docs/security.md): for browsers, and for any other place that has a global WebSocket (Node 22). */
import { type CallOptions, type Client, connectionLost, type Introduction, introduce, type Link, type Listener } from './client-core.ts'
import { codes, fromWire, unavailable, WeirError, type WireError } from './errors.ts'

export interface WebSocketOptions extends Introduction {
  /** `ws://127.0.0.1:9340/rpc` */
  url: string
  /** What a pairing gave. */
  token: string
}

/** What the transport closes with whom it does not know. */
const unknownToken = 4401

/**
 * Connects and initializes. Rejects with 1005 daemonUnreachable when nothing answers there, with 1005 tokenRefused when the token does not count.
 * Browsers read whatever comes: `pause` holds nothing back here.
 */
export async function connectWebSocket({ url, token, ...options }: WebSocketOptions): Promise<Client> {
  const socket = new WebSocket(url, ['weir', `weir.token.${token}`])
  const link = new WebSocketLink(socket)
  const abort = () => socket.close()
  options.signal?.addEventListener('abort', abort, { once: true })
  try {
    await link.opened
    return await introduce(link, options)
  } catch (error) {
    options.signal?.throwIfAborted()
    throw link.closeCode === unknownToken ? tokenRefused() : error
  } finally {
    options.signal?.removeEventListener('abort', abort)
  }
}

interface Answer {
  id?: number
  method?: string
  params?: { token?: number; value?: unknown }
  result?: unknown
  error?: WireError
}

interface Waiting {
  settle(answer: Answer): void
  lost(): void
  onProgress: CallOptions['onProgress']
}

class WebSocketLink implements Link {
  readonly opened: Promise<void>
  readonly closed: Promise<void>
  closeCode: number | null = null
  readonly #socket: WebSocket
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #waiting = new Map<number, Waiting>()
  #calls = 0

  constructor(socket: WebSocket) {
    this.#socket = socket
    this.opened = new Promise((resolve, reject) => {
      socket.addEventListener('open', () => resolve(), { once: true })
      socket.addEventListener('close', () => reject(unreachable(socket.url)), { once: true })
    })
    this.closed = new Promise((resolve) => {
      socket.addEventListener('close', ({ code }) => {
        this.closeCode = code
        for (const waiting of this.#waiting.values()) waiting.lost()
        resolve()
      })
    })
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data)) as Answer))
  }

  request(method: string, params: unknown, { signal, onProgress }: CallOptions): Promise<unknown> {
    const id = ++this.#calls
    const cancel = () => this.#send({ method: '$/cancelRequest', params: { id } })
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== this.#socket.OPEN) return reject(connectionLost())
      const settle = ({ error, result }: Answer) => (error ? reject(fromWire(error)) : resolve(result))
      this.#waiting.set(id, { settle, lost: () => reject(connectionLost()), onProgress })
      this.#send({ id, method, params: onProgress ? { ...(params as object), workDoneToken: id } : params })
      if (signal?.aborted) cancel()
      signal?.addEventListener('abort', cancel, { once: true })
    }).finally(() => {
      signal?.removeEventListener('abort', cancel)
      this.#waiting.delete(id)
    })
  }

  listen(method: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(method) ?? new Set()
    this.#listeners.set(method, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  pause(): void {
    // No browser can.
  }

  resume(): void {
    // There is nothing that was held back.
  }

  end(): void {
    this.#socket.close()
  }

  #send(message: object): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }))
  }

  #take(answer: Answer): void {
    const { id, method, params } = answer
    if (method === undefined) this.#waiting.get(id ?? 0)?.settle(answer)
    else if (method === '$/progress') this.#waiting.get(params?.token ?? 0)?.onProgress?.(params?.value)
    else for (const listener of this.#listeners.get(method) ?? []) listener(params as never)
  }
}

const unreachable = (url: string): WeirError =>
  unavailable(
    'daemonUnreachable',
    `nothing answers on ${url}: weir websocket/start opens it (weir status says where it is), and lets in pages that were paired`,
  )

const tokenRefused = (): WeirError =>
  new WeirError(codes.unavailable, 'tokenRefused', 'the token is not known, or was revoked: pair again (weir browser pair)')
