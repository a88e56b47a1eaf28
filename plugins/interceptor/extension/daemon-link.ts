/** The connection to the daemon: JSON-RPC 2.0 over a WebSocket, one message a frame. */

export class CallFailed extends Error {
  readonly reason: string
  readonly data: { [name: string]: unknown }

  constructor(message: string, data: { reason?: string; [name: string]: unknown } = {}) {
    super(message)
    this.reason = data.reason ?? 'connectionLost'
    this.data = data
  }
}

export interface LinkOptions {
  port: number
  token: string
  /** What the extension calls itself. */
  client: { name: string; version: string }
  notified(method: string, params: unknown): void
  /** `refused`: the token is worth nothing any more. Called once, whatever happened. */
  closed(how: 'refused' | 'lost'): void
}

interface Waiting {
  resolve(result: never): void
  reject(error: Error): void
}

/** RFC 6455 section 7.4.2: the daemon's own, for a token that it does not know. */
const tokenUnknown = 4401
/** An answer that takes longer is none: the daemon is on this machine, ms. */
const answerMs = 20_000

export class DaemonLink {
  readonly #options: LinkOptions
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, Waiting>()
  #ids = 0
  #isRevoked = false

  private constructor(options: LinkOptions) {
    this.#options = options
    this.#socket = new WebSocket(`ws://127.0.0.1:${options.port}/rpc`, ['weir', `weir.token.${options.token}`])
    this.#socket.onmessage = ({ data }) => this.#take(JSON.parse(String(data)))
    this.#socket.onclose = ({ code }) => {
      for (const { reject } of this.#waiting.values()) reject(new CallFailed('the connection to weir ended'))
      this.#waiting.clear()
      options.closed(code === tokenUnknown || this.#isRevoked ? 'refused' : 'lost')
    }
  }

  /** Resolves when the daemon has said hello. */
  static open(options: LinkOptions): Promise<DaemonLink> {
    return new Promise((resolve, reject) => {
      const link = new DaemonLink({
        ...options,
        closed: (how) => {
          reject(new CallFailed('weir does not answer'))
          options.closed(how)
        },
      })
      link.#socket.onopen = () => void link.call('initialize', { client: options.client }).then(() => resolve(link), reject)
    })
  }

  call<Result = unknown>(method: string, params: object): Promise<Result> {
    return this.callWith(method, JSON.stringify(params))
  }

  /** @param params JSON already */
  callWith<Result = unknown>(method: string, params: string): Promise<Result> {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.reject(new CallFailed('weir is not connected'))
    const id = ++this.#ids
    this.#socket.send(`{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${params}}`)
    return new Promise<Result>((resolve, reject) => {
      const late = setTimeout(() => this.#socket.close(), answerMs)
      const done = () => clearTimeout(late)
      this.#waiting.set(id, {
        resolve: (result) => {
          done()
          resolve(result)
        },
        reject: (error) => {
          done()
          reject(error)
        },
      })
    })
  }

  close(): void {
    this.#socket.close()
  }

  #take(message: {
    id?: number | null
    method?: string
    params?: unknown
    result?: unknown
    error?: { message: string; data: { reason: string } }
  }): void {
    const { id, method, params, result, error } = message
    if (method !== undefined) this.#options.notified(method, params)
    if (id === null) this.#isRevoked ||= error?.data.reason === 'tokenRevoked'
    if (typeof id !== 'number') return
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error) waiting?.reject(new CallFailed(error.message, error.data))
    else waiting?.resolve(result as never)
  }
}

export interface Paired {
  port: number
  token: string
}

/** Trades a code for a token. Rejects with the daemon's own words. */
export async function pair(port: number, code: string, name: string): Promise<Paired> {
  const response = await fetch(`http://127.0.0.1:${port}/pair`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code, name }),
  }).catch(() => {
    throw new CallFailed(`nothing answers on port ${port}: run weir browser pair`, { reason: 'daemonUnreachable' })
  })
  const answer = (await response.json()) as { token?: string; error?: { message: string; data: { reason: string } } }
  if (answer.token === undefined) throw new CallFailed(answer.error?.message ?? `status ${response.status}`, answer.error?.data)
  return { port, token: answer.token }
}
