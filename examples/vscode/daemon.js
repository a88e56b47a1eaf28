/**
 * The daemon over `weir stdio`. A connection that is lost is made again; after the daemon was stopped on purpose only when asked,
 * for connecting would start it again. Knows nothing of VS Code.
 */
import { spawn } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node'

/** Of what a failing program says, so much is shown. */
const shownCharacters = 500

/**
 * @typedef {'connecting' | 'connected' | 'lost' | 'stopped'} State
 * @typedef {import('vscode-jsonrpc').MessageConnection} MessageConnection
 */

/** Emits `state` (State, and why not), and each notification of the daemon under its method's name. */
export class Daemon extends EventEmitter {
  /** @type {State} */
  state = 'stopped'
  /** @type {string[]} */ #command
  /** @type {import('node:child_process').SpawnOptions} */ #options
  /** @type {MessageConnection | null} */ #connection = null
  /** @type {import('node:child_process').ChildProcess | null} */ #child = null
  /** @type {NodeJS.Timeout | undefined} */ #timer
  #attempts = 0
  #isDisposed = false

  /**
   * @param {string[]} command the program and its arguments
   * @param {import('node:child_process').SpawnOptions} [options] where and how it runs
   */
  constructor(command, options = {}) {
    super()
    this.#command = command
    this.#options = options
  }

  /** Connects unless it is connected, or about to be. */
  connect() {
    clearTimeout(this.#timer)
    if (this.#isDisposed || this.#child) return
    this.#become('connecting')
    const [program = 'weir', ...words] = this.#command
    const child = spawn(program, words, { ...this.#options, stdio: ['pipe', 'pipe', 'pipe'] })
    const { stdin, stdout, stderr } = child
    if (!stdin || !stdout || !stderr) throw new Error('a child process without its pipes')
    this.#child = child
    let said = ''
    stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      said = (said + text).slice(-shownCharacters)
    })
    // A program that ends while it is written to; its end is told by `close`.
    stdin.on('error', () => undefined)
    child.once('error', (error) => this.#ended(child, error.message))
    child.once('close', (code) => this.#ended(child, said.trim() || `${program} ended with exit code ${code}`))
    const connection = createMessageConnection(new StreamMessageReader(stdout), new StreamMessageWriter(stdin))
    connection.onError(() => child.kill())
    connection.onNotification((method, params) => {
      if (method === 'daemon/willStop') this.#become('stopped')
      this.emit(method, params)
    })
    connection.listen()
    this.#initialize(connection).catch(() => child.kill())
  }

  /**
   * Rejects with the daemon's error (`code`, `message`, `data.reason`), or at once when it is not connected.
   * @param {string} method
   * @param {object} params
   * @returns {Promise<any>}
   */
  async call(method, params) {
    if (!this.#connection) throw new Error('the daemon is not connected')
    return this.#connection.sendRequest(method, params)
  }

  dispose() {
    this.#isDisposed = true
    clearTimeout(this.#timer)
    this.#connection?.dispose()
    this.#connection = null
    // Its standard input ends: no more is asked, and it goes.
    this.#child?.stdin?.end()
    this.#child?.kill()
    this.removeAllListeners()
  }

  /** @param {MessageConnection} connection */
  async #initialize(connection) {
    await connection.sendRequest('initialize', { client: { name: 'weir-vscode', version: '0.1.0' } })
    this.#connection = connection
    this.#attempts = 0
    this.#become('connected')
  }

  /**
   * @param {import('node:child_process').ChildProcess} child
   * @param {string} why
   */
  #ended(child, why) {
    if (this.#child !== child || this.#isDisposed) return
    this.#child = null
    this.#connection?.dispose()
    this.#connection = null
    if (this.state === 'stopped') return
    this.#become('lost', why)
    this.#timer = setTimeout(() => this.connect(), Math.min(30_000, 250 * 2 ** this.#attempts++))
  }

  /**
   * @param {State} state
   * @param {string} [why]
   */
  #become(state, why) {
    this.state = state
    this.emit('state', state, why)
  }
}
