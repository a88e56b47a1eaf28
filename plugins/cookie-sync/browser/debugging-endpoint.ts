/** A client of a browser's debugging endpoint (Chrome DevTools Protocol, browser target). It connects when it is asked something. */
import { get } from 'node:http'

interface Answer {
  id?: number
  result?: unknown
  error?: { message: string }
}
interface Asked {
  resolve(result: unknown): void
  reject(error: Error): void
}

const connectMs = 5_000

export class DebuggingEndpoint {
  readonly #endpoint: string
  #socket: Promise<WebSocket> | null = null
  #asked = new Map<number, Asked>()
  #last = 0

  /** @param endpoint `http://127.0.0.1:9222`, or the `ws://` URL of the browser target */
  constructor(endpoint: string) {
    this.#endpoint = endpoint
  }

  /** Rejects with what the browser says, or why it cannot be reached. */
  async ask<Result>(method: string, params: object = {}): Promise<Result> {
    this.#socket ??= this.#connect()
    let socket: WebSocket
    try {
      socket = await this.#socket
    } catch (error) {
      this.#socket = null
      throw error
    }
    const id = ++this.#last
    return new Promise<Result>((resolve, reject) => {
      this.#asked.set(id, { resolve: resolve as Asked['resolve'], reject })
      socket.send(JSON.stringify({ id, method, params }))
    })
  }

  close(): void {
    void this.#socket?.then(
      (socket) => socket.close(),
      () => undefined,
    )
    this.#socket = null
  }

  async #connect(): Promise<WebSocket> {
    const socket = new WebSocket(await this.#url())
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#away()), connectMs)
      socket.addEventListener('open', () => resolve(), { once: true })
      socket.addEventListener('error', () => reject(this.#away()), { once: true })
      socket.addEventListener('close', () => clearTimeout(timer), { once: true })
      socket.addEventListener('open', () => clearTimeout(timer), { once: true })
    })
    socket.addEventListener('message', ({ data }) => this.#receive(Object(parsed(String(data))) as Answer))
    socket.addEventListener('close', () => this.#lost())
    return socket
  }

  async #url(): Promise<string> {
    if (this.#endpoint.startsWith('ws:')) return this.#endpoint
    const text = await textOf(new URL('/json/version', this.#endpoint)).catch(() => Promise.reject(this.#away()))
    const { webSocketDebuggerUrl: url } = Object(parsed(text)) as { webSocketDebuggerUrl?: unknown }
    if (typeof url !== 'string') throw new Error(`${this.#place} is no debugging endpoint of a browser`)
    return url
  }

  /** Without its path, which lets anybody steer the browser. */
  get #place(): string {
    return new URL(this.#endpoint).host
  }

  #receive({ id, result, error }: Answer): void {
    if (id === undefined) return
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    if (error) asked?.reject(new Error(`the browser says: ${error.message}`))
    else asked?.resolve(result)
  }

  #lost(): void {
    this.#socket = null
    for (const { reject } of this.#asked.values()) reject(this.#away())
    this.#asked.clear()
  }

  #away = () => new Error(`no browser answers at ${this.#place}: start one with --remote-debugging-port`)
}

/** null: it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const mostBytes = 64 * 1024

/** By node:http, which undoes no Content-Encoding. */
function textOf(url: URL): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { timeout: connectMs }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => {
        text += piece
        if (text.length > mostBytes) request.destroy(new Error('it says too much'))
      })
      response.on('end', () => resolve(text))
      response.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error('it does not answer')))
    request.on('error', reject)
  })
}
