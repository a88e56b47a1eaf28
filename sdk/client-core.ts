/** A connection to the daemon, whatever carries it. Nothing here is of Node alone: browsers load it, too. */
import { codes, unavailable, WeirError } from './errors.ts'
import type { Method, Notification, NotificationParams, Params, Result } from './protocol.ts'
import { protocolVersion } from './protocol-version.ts'

export interface CallOptions {
  /** Aborting it cancels the call in the daemon, which then rejects with -32800. */
  signal?: AbortSignal
  /** Hears of the call's progress; the shape is the method's own. */
  onProgress?: (value: unknown) => void
}

/** What a client says of itself when it connects. */
export interface Introduction {
  /** Gives up connecting, with the signal's reason. */
  signal?: AbortSignal
  /** What the client calls itself. */
  client?: { name: string; version: string }
  /** Capabilities without which this client cannot work: error 1006 names the missing. */
  requires?: string[]
  /** `any`: also of a daemon of another version of the protocol. Of it a client knows `daemon/stop` alone. Absent: those are refused. */
  protocol?: 'any'
}

export type Listener = (params: never) => void

/** What carries requests, answers and notifications. */
export interface Link {
  /** Resolves when it has ended, whoever ended it. */
  readonly closed: Promise<void>
  /** Rejects with WeirErrors. */
  request(method: string, params: unknown, options: CallOptions): Promise<unknown>
  /** Returns a function that ends the listening. */
  listen(method: string, listener: Listener): () => void
  pause(): void
  resume(): void
  end(): void
}

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

/** The first call. Ends the link, and rejects, where the daemon says no or speaks another protocol (1006 protocolMismatch). */
export async function introduce(link: Link, options: Introduction): Promise<Client> {
  const { client = { name: 'weir-sdk', version: '0' }, requires, signal, protocol } = options
  try {
    const params = { client, ...(requires && { requires }) }
    const initialized = (await link.request('initialize', params, signal ? { signal } : {})) as Result<'initialize'>
    if (initialized.protocol !== protocolVersion && protocol !== 'any') throw protocolMismatch(initialized)
    return new Client(link, initialized)
  } catch (error) {
    link.end()
    throw error
  }
}

function protocolMismatch({ daemon, protocol }: Result<'initialize'>): WeirError {
  const advice = 'use the client that comes with that version, or end it (weir stop) and start the daemon that comes with this client'
  const message = `weir ${daemon.version} runs (pid ${daemon.pid}) and speaks version ${protocol} of the protocol, this client version ${protocolVersion}: ${advice}`
  return new WeirError(codes.missingCapability, 'protocolMismatch', message, { protocol })
}

export const connectionLost = (): WeirError => unavailable('connectionLost', 'the connection to the daemon ended before it answered')
