/** A typed client of the daemon. Every failure is a WeirError. */
import { lstat } from 'node:fs/promises'
import { createConnection, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type CallOptions, type Client, connectionLost, type Introduction, introduce, type Link, type Listener } from './client-core.ts'
import { codes, fromWire, unavailable, WeirError, type WireError } from './errors.ts'
import { type Home, resolveHome } from './home.ts'
import {
  CancellationTokenSource,
  createMessageConnection,
  type Message,
  type MessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from './json-rpc.ts'
import type { NotificationParams } from './protocol.ts'

export type { CallOptions, Client } from './client-core.ts'

export interface ConnectOptions extends Introduction {
  home?: Home
}

/** Connects to the daemon of a home and initializes. Rejects with 1005 daemonUnreachable when nothing answers there. */
export async function connect(options: ConnectOptions = {}): Promise<Client> {
  const home = options.home ?? resolveHome()
  await refuseForeignFolder(home)
  return connectStream(await openSocket(home.socket, options.signal), options)
}

/** The same over any byte stream, for example a pipe to `weir stdio`. Rejects with 1006 protocolMismatch when a daemon of another protocol answers. */
export async function connectStream(stream: Duplex, options: ConnectOptions = {}): Promise<Client> {
  return introduce(new StreamLink(stream), options)
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

/** A socket outside the home lies in a folder that anybody could have made first. */
async function refuseForeignFolder(home: Home): Promise<void> {
  if (!home.socketFolder) return
  const found = await lstat(home.socketFolder).catch(() => null)
  if (found && (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0)) {
    throw unavailable('socketFolderUnsafe', `${home.socketFolder} belongs to another user or is open to others; use a shorter WEIR_HOME`)
  }
}

/** So many turns without a message, and none is left. */
const quietTurns = 16

class StreamLink implements Link {
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
    let quiet = 0
    const handleMessage = (message: Message, handle: (message: Message) => void) => {
      quiet = 0
      handle(message)
    }
    const connection = createMessageConnection(new StreamMessageReader(stream), new StreamMessageWriter(stream), undefined, {
      messageStrategy: { handleMessage },
    })
    this.#connection = connection
    connection.onNotification('$/progress', ({ token, value }: NotificationParams<'$/progress'>) => this.#progress.get(token)?.(value))
    connection.onNotification((method, params) => {
      for (const listener of this.#listeners.get(method) ?? []) listener(params as never)
    })
    connection.onError(() => stream.destroy())
    // Answers that came with the end are on their way through the reader, which takes turns of the event loop for each message.
    const end = () => void (quiet++ < quietTurns ? setImmediate(end) : connection.dispose())
    stream.once('close', end)
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
  return connectionLost()
}
