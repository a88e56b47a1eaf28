/** A client of a browser's debugging endpoint (Chrome DevTools Protocol, browser target). It connects when it is asked something. */

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
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data)) as Answer))
    socket.addEventListener('close', () => this.#lost())
    return socket
  }

  async #url(): Promise<string> {
    if (/^wss?:/.test(this.#endpoint)) return this.#endpoint
    const version = await fetch(new URL('/json/version', this.#endpoint), { signal: AbortSignal.timeout(connectMs) }).then(
      (response) => response.json() as Promise<{ webSocketDebuggerUrl?: unknown }>,
      () => Promise.reject(this.#away()),
    )
    const { webSocketDebuggerUrl: url } = version
    if (typeof url !== 'string') throw new Error(`${this.#endpoint} is no debugging endpoint of a browser`)
    return url
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

  #away = () => new Error(`no browser answers at ${this.#endpoint}: start one with --remote-debugging-port`)
}
