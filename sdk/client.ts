/** A typed client of the daemon. Every failure is a WeirError. */
import { lstat } from 'node:fs/promises'
import { createConnection, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { codes, fromWire, unavailable, WeirError, type WireError } from './errors.ts'
import { type Home, resolveHome } from './home.ts'
import {
  CancellationTokenSource,
  createMessageConnection,
  type MessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from './json-rpc.ts'
import type { Method, Notification, NotificationParams, Params, Result } from './protocol.ts'
import { protocolVersion } from './protocol-version.ts'

export interface CallOptions {
  /** Aborting it cancels the call in the daemon, which then rejects with -32800. */
  signal?: AbortSignal
  /** Hears of the call's progress; the shape is the method's own. */
  onProgress?: (value: unknown) => void
}

export interface ConnectOptions {
  home?: Home
  /** Gives up connecting, with the signal's reason. */
  signal?: AbortSignal
  /** What the client calls itself. */
  client?: { name: string; version: string }
  /** Capabilities without which this client cannot work: error 1006 names the missing. */
  requires?: string[]
}

type Listener = (params: never) => void

/** One connection, initialized. */
export class Client {
  /** What the daemon answered to `initialize`. */
  readonly initialized: Result<'initialize'>
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>
  readonly #link: Link

  constructor(link: Link, initialized: Result<'initialize'>) {
    this.#link = link
    this.closed = link.closed
    this.initialized = initialized
  }

  call<M extends Method>(method: M, params: Params<M>, options: CallOptions = {}): Promise<Result<M>> {
    return this.#link.request(method, params, options) as Promise<Result<M>>
  }

  /** A call by a name that is not known beforehand. */
  request(method: string, params: unknown, options: CallOptions = {}): Promise<unknown> {
    return this.#link.request(method, params, options)
  }

  /** Returns a function that ends the listening. */
  on<N extends Notification>(notification: N, listener: (params: NotificationParams<N>) => void): () => void {
    return this.#link.listen(notification, listener as Listener)
  }

  /** Reads nothing from the daemon until `resume`, answers included: it waits with what it has to tell. */
  pause(): void {
    this.#link.pause()
  }

  resume(): void {
    this.#link.resume()
  }

  /** Ends the connection; calls in flight reject with 1005 connectionLost. */
  async close(): Promise<void> {
    this.#link.end()
    await this.closed
  }
}

/** Connects to the daemon of a home and initializes. Rejects with 1005 daemonUnreachable when nothing answers there. */
export async function connect(options: ConnectOptions = {}): Promise<Client> {
  const home = options.home ?? resolveHome()
  await refuseForeignFolder(home)
  return connectStream(await openSocket(home.socket, options.signal), options)
}

/** The same over any byte stream, for example a pipe to `weir stdio`. Rejects with 1006 protocolMismatch when a daemon of another protocol answers. */
export async function connectStream(stream: Duplex, options: ConnectOptions = {}): Promise<Client> {
  const link = new Link(stream)
  const { client = { name: 'weir-sdk', version: '0' }, requires, signal } = options
  try {
    const params = { client, ...(requires && { requires }) }
    const initialized = (await link.request('initialize', params, signal ? { signal } : {})) as Result<'initialize'>
    if (initialized.protocol !== protocolVersion) throw protocolMismatch(initialized)
    return new Client(link, initialized)
  } catch (error) {
    link.end()
    throw error
  }
}

function openSocket(path: string, signal?: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const socket = createConnection({ path })
    const abort = () => socket.destroy(signal?.reason as Error)
    signal?.addEventListener('abort', abort, { once: true })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      reject(signal?.aborted ? error : unreachable(path, error.code))
    })
    socket.once('connect', () => {
      signal?.removeEventListener('abort', abort)
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}

const unreachable = (path: string, errno = 'unknown') =>
  new WeirError(codes.unavailable, 'daemonUnreachable', `no daemon answers on ${path}; start one with: weir start`, { errno })

function protocolMismatch({ daemon, protocol }: Result<'initialize'>): WeirError {
  const advice = 'use the client that comes with that version, or end it (weir stop) and start the daemon that comes with this client'
  const message = `weir ${daemon.version} runs (pid ${daemon.pid}) and speaks version ${protocol} of the protocol, this client version ${protocolVersion}: ${advice}`
  return new WeirError(codes.missingCapability, 'protocolMismatch', message, { protocol })
}

/** A socket outside the home lies in a folder that anybody could have made first. */
async function refuseForeignFolder(home: Home): Promise<void> {
  if (!home.socketFolder) return
  const found = await lstat(home.socketFolder).catch(() => null)
  if (found && (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0)) {
    throw unavailable('socketFolderUnsafe', `${home.socketFolder} belongs to another user or is open to others; use a shorter WEIR_HOME`)
  }
}

class Link {
  readonly closed: Promise<void>
  readonly #stream: Duplex
  readonly #connection: MessageConnection
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #progress = new Map<string | number, (value: unknown) => void>()
  #calls = 0

  constructor(stream: Duplex) {
    this.#stream = stream
    this.closed = new Promise((resolve) => stream.once('close', resolve))
    stream.on('error', () => stream.destroy())
    const connection = createMessageConnection(new StreamMessageReader(stream), new StreamMessageWriter(stream))
    this.#connection = connection
    connection.onNotification('$/progress', ({ token, value }: NotificationParams<'$/progress'>) => this.#progress.get(token)?.(value))
    connection.onNotification((method, params) => {
      for (const listener of this.#listeners.get(method) ?? []) listener(params as never)
    })
    connection.onError(() => stream.destroy())
    stream.once('close', () => connection.dispose())
    stream.once('end', () => stream.destroy())
    connection.listen()
  }

  async request(method: string, params: unknown, { signal, onProgress }: CallOptions): Promise<unknown> {
    const source = new CancellationTokenSource()
    const cancel = () => source.cancel()
    if (signal?.aborted) cancel()
    signal?.addEventListener('abort', cancel, { once: true })
    const token = ++this.#calls
    if (onProgress) this.#progress.set(token, onProgress)
    try {
      const sent = onProgress ? { ...(params as object), workDoneToken: token } : params
      return await this.#connection.sendRequest(method, sent, source.token)
    } catch (error) {
      throw asWeirError(error)
    } finally {
      signal?.removeEventListener('abort', cancel)
      this.#progress.delete(token)
    }
  }

  listen(method: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(method) ?? new Set()
    this.#listeners.set(method, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  end(): void {
    this.#stream.end()
    this.#stream.destroy()
  }
}

/** vscode-jsonrpc's own codes for a request that was never answered: -32097 pending response rejected, -32099 write error. */
const neverAnswered = new Set([-32097, -32099])

function asWeirError(error: unknown): WeirError {
  if (error instanceof ResponseError && !neverAnswered.has(error.code)) return fromWire(error as WireError)
  return unavailable('connectionLost', 'the connection to the daemon ended before it answered')
}
