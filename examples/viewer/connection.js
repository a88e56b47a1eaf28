/** JSON-RPC 2.0 over one WebSocket at a time: a message is a frame of text. A lost one is opened again. */

/**
 * @typedef {object} RpcError
 * @property {number} code
 * @property {string} message
 * @property {{reason?: string, position?: number, word?: string, known?: string[]}} [data]
 */

/** What the daemon answers in place of a result, or why there is none. */
export class CallError extends Error {
  /** @param {RpcError} error */
  constructor({ code, message, data = {} }) {
    super(message)
    this.code = code
    this.data = data
  }
}

/** The call may be made again once the connection is back. @param {unknown} error */
export const isLost = (error) => error instanceof CallError && error.data.reason === 'connectionLost'

const lost = () => new CallError({ code: 1005, message: 'the connection to weir was lost', data: { reason: 'connectionLost' } })

/** Emits `state` when `state` has changed, and each notification under its method's name, with its params as `detail`. */
export class Connection extends EventTarget {
  /** @type {'connecting' | 'open' | 'lost' | 'refused'} */
  state = 'connecting'
  /** Names of the methods that may be called. @type {Set<string>} */
  capabilities = new Set()
  /** Why it is `refused`. */
  problem = ''
  /** @type {() => Promise<WebSocket>} */ #open
  /** @type {(event: CloseEvent) => string | null} */ #refusal
  /** @type {WebSocket | null} */ #socket = null
  /** @type {Map<number, {resolve: (result: any) => void, reject: (error: Error) => void}>} */ #calls = new Map()
  #lastId = 0
  #attempts = 0
  /** @type {number | undefined} */ #timer

  /**
   * @param {() => Promise<WebSocket>} open a socket that is open; rejects with a CallError when there never will be one
   * @param {(event: CloseEvent) => string | null} refusal why no other socket would do better, where the end of one says so
   */
  constructor(open, refusal) {
    super()
    this.#open = open
    this.#refusal = refusal
    // A tab that is looked at again, or a machine that wakes, does not wait.
    for (const [target, event] of /** @type {const} */ ([
      [window, 'online'],
      [document, 'visibilitychange'],
    ]))
      target.addEventListener(event, () => {
        if (this.state === 'lost' && !document.hidden) void this.connect()
      })
  }

  async connect() {
    clearTimeout(this.#timer)
    if (this.#socket) return
    this.#become('connecting')
    try {
      const socket = await this.#open()
      this.#socket = socket
      socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(data)))
      socket.addEventListener('close', (event) => this.#ended(event))
      const { capabilities } = await this.#send('initialize', { client: { name: 'weir-viewer', version: '1' } })
      this.capabilities = new Set(capabilities)
      this.#attempts = 0
      this.#become('open')
    } catch (error) {
      if (error instanceof CallError && !isLost(error)) this.#refuse(error.message)
      else if (this.state === 'connecting') this.#again()
    }
  }

  /**
   * @param {string} method
   * @param {object} params
   * @returns {Promise<any>} rejects with a CallError
   */
  async call(method, params) {
    if (this.state !== 'open') throw lost()
    return this.#send(method, params)
  }

  /**
   * @param {string} method
   * @param {object} params
   */
  #send(method, params) {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject })
      this.#socket?.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    })
  }

  /** @param {{id?: number, method?: string, params?: unknown, result?: unknown, error?: RpcError}} message */
  #take({ id, method, params, result, error }) {
    if (method !== undefined) {
      this.dispatchEvent(new CustomEvent(method, { detail: params }))
      return
    }
    const call = this.#calls.get(id ?? 0)
    this.#calls.delete(id ?? 0)
    if (error) call?.reject(new CallError(error))
    else call?.resolve(result)
  }

  /** @param {CloseEvent} event */
  #ended(event) {
    this.#socket = null
    const refusal = this.#refusal(event)
    if (refusal !== null) this.#refuse(refusal)
    for (const { reject } of this.#calls.values()) reject(lost())
    this.#calls.clear()
    if (this.state === 'open') this.#again()
  }

  /** @param {string} problem */
  #refuse(problem) {
    this.problem = problem
    this.#become('refused')
  }

  #again() {
    this.#socket = null
    this.#become('lost')
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.connect(), Math.min(15_000, 250 * 2 ** this.#attempts++))
  }

  /** @param {Connection['state']} state */
  #become(state) {
    this.state = state
    this.dispatchEvent(new Event('state'))
  }
}
