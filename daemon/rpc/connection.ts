/** One client's connection, over either transport: messages in, the one handler, answers and notifications out. */
import { setTimeout } from 'node:timers/promises'
import { codes, toWire, unavailable, WeirError } from '../../sdk/errors.ts'
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  type CancellationToken,
  createMessageConnection,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageConnection,
  ResponseError,
} from '../../sdk/json-rpc.ts'
import type { Notification, NotificationParams } from '../../sdk/protocol.ts'
import type { Call, Caller } from './call.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { RequestId } from './message.ts'
import { RequestGate } from './request-gate.ts'
import { type Grant, mayHear } from './rights.ts'
import type { Wire } from './wire.ts'

/** With so many answers unsent no more is read from the client. */
const unsentAnswers = 128
/** A client that has so many bytes unread misses notifications that come again anyway. */
const unreadBytes = 1024 * 1024
/** How long calls may still run once their client has said its last word, ms. */
const lastAnswersMs = 10_000

export class Connection implements Caller {
  readonly closed: Promise<void>
  readonly grant: Grant | null
  readonly #wire: Wire
  readonly #dispatcher: Dispatcher
  readonly #writer: CountingWriter
  readonly #reader: GatedReader
  readonly #connection: MessageConnection
  readonly #running = new Set<AbortController>()
  #initialized = false
  /** It says no more, or is told no more. */
  #isLeaving = false

  constructor(wire: Wire, dispatcher: Dispatcher, grant: Grant | null) {
    this.grant = grant
    this.closed = wire.closed
    this.#wire = wire
    this.#dispatcher = dispatcher
    this.#writer = new CountingWriter(wire, (unsent) => (unsent > unsentAnswers ? wire.pause() : wire.resume()))
    void wire.closed.then(() => this.#end())
    this.#reader = new GatedReader(wire, this.#writer, () => {
      this.#isLeaving = true
      // What was asked is still answered; then this side ends, too.
      void this.end(lastAnswersMs)
    })
    this.#connection = createMessageConnection(this.#reader, this.#writer)
    this.#connection.onError(([error]) => this.#refuse(error))
    this.#connection.onRequest((method, params, token) => this.#handle(method, params, token))
    this.#connection.listen()
  }

  /** Dropped for a client that is not initialized or may not hear it, and for one that lags: it will hear the next one. */
  notify<N extends Notification>(notification: N, params: NotificationParams<N>): void {
    const isThere = this.#initialized && !this.#isLeaving && this.#wire.isOpen && mayHear(this.grant, notification)
    if (!isThere || this.#wire.unreadBytes > unreadBytes) return
    this.#connection.sendNotification(notification, params).catch(() => this.#wire.destroy())
  }

  async send<N extends Notification>(notification: N, params: NotificationParams<N>): Promise<void> {
    if (!this.#wire.isOpen) throw new Error('the client is gone')
    await this.#connection.sendNotification(notification, params)
  }

  /** Ends once the calls that run are answered, at most so long from now. */
  async end(withinMs: number): Promise<void> {
    const deadline = Date.now() + withinMs
    // Once at least: what has just been read is on its way through timers of the reader.
    do await setTimeout(5)
    while (this.#isBusy && Date.now() < deadline)
    this.#wire.end()
    await Promise.race([this.closed, setTimeout(Math.max(0, deadline - Date.now()))])
    this.#wire.destroy()
  }

  /** Ends it at once, whatever runs: its token is worth nothing any more. */
  revoke(): void {
    this.#refuse(unavailable('tokenRevoked', 'the token of this connection was revoked; pair again: weir browser pair'))
  }

  get #isBusy(): boolean {
    return this.#running.size > 0 || this.#writer.unsent > 0 || this.#reader.isBusy || this.#wire.isReading
  }

  async #handle(method: string, params: unknown, token: CancellationToken): Promise<unknown> {
    const controller = new AbortController()
    const listener = token.onCancellationRequested(() => controller.abort())
    if (token.isCancellationRequested) controller.abort()
    this.#running.add(controller)
    try {
      const { params: own, token: progressToken } = splitToken(params)
      const call: Call = {
        client: this,
        signal: controller.signal,
        progress: (value) => this.#progress(progressToken, value),
        tell: progressToken === undefined ? null : (value) => this.send('$/progress', { token: progressToken, value }),
      }
      const result = await this.#dispatcher.call(method, own, call, () => this.#initialized)
      if (method === 'initialize') this.#initialized = true
      return result ?? {}
    } catch (error) {
      const { code, message, data } = toWire(error)
      throw new ResponseError(code, message, data)
    } finally {
      this.#running.delete(controller)
      listener.dispose()
    }
  }

  #progress(token: RequestId | undefined, value: unknown): void {
    if (token !== undefined) this.notify('$/progress', { token, value })
  }

  /** What is no request cannot be answered as one: a last word without an id, then the end. */
  #refuse(error: unknown): void {
    if (!this.#wire.isOpen) return
    this.#isLeaving = true
    this.#wire.refuse(
      toWire(error instanceof WeirError ? error : new WeirError(codes.parseError, 'notAFrame', 'the bytes could not be read as messages')),
    )
    this.#end()
  }

  #end(): void {
    this.#isLeaving = true
    for (const controller of this.#running) controller.abort()
    this.#connection.dispose()
  }
}

/** LSP 3.17: a request may carry the token under which it wants to hear of its progress. */
function splitToken(params: unknown): { params: unknown; token: RequestId | undefined } {
  const given = params as { workDoneToken?: RequestId }
  const { workDoneToken } = given ?? {}
  if (typeof workDoneToken === 'string' || Number.isInteger(workDoneToken)) return { params: withoutToken(given), token: workDoneToken }
  return { params, token: undefined }
}

function withoutToken({ workDoneToken: _, ...params }: { workDoneToken?: RequestId }): object {
  return params
}

class CountingWriter extends AbstractMessageWriter {
  /** Hears of each answer that has left. */
  sent: (id: RequestId) => void = () => undefined
  readonly #wire: Wire
  readonly #changed: (unsent: number) => void
  unsent = 0

  constructor(wire: Wire, changed: (unsent: number) => void) {
    super()
    this.#wire = wire
    this.#changed = changed
  }

  async write(message: Message): Promise<void> {
    const { id } = message as { id?: RequestId }
    if (id === undefined) return this.#wire.write(message)
    try {
      await this.#count(this.#wire.write(message))
    } finally {
      this.sent(id)
    }
  }

  end(): void {
    this.#wire.end()
  }

  /** Answers a request that never got to be in flight. A client that is gone needs no answer. */
  refuse(id: RequestId, error: WeirError): void {
    this.#count(this.#wire.write({ jsonrpc: '2.0', id, error: toWire(error) } as Message)).catch(() => undefined)
  }

  async #count(writing: Promise<void>): Promise<void> {
    this.#changed(++this.unsent)
    await writing.finally(() => this.#changed(--this.unsent))
  }
}

/** Hands on what the gate lets through. */
class GatedReader extends AbstractMessageReader {
  readonly #wire: Wire
  readonly #writer: CountingWriter
  readonly #ended: () => void
  #gate: RequestGate | null = null

  constructor(wire: Wire, writer: CountingWriter, ended: () => void) {
    super()
    this.#wire = wire
    this.#writer = writer
    this.#ended = ended
  }

  /** Requests that are not answered yet. */
  get isBusy(): boolean {
    return this.#gate?.isBusy ?? false
  }

  listen(deliver: DataCallback): Disposable {
    const gate = new RequestGate(deliver, (id, error) => this.#writer.refuse(id, error))
    this.#gate = gate
    this.#writer.sent = (id) => gate.answered(id)
    this.#wire.listen({ message: (message) => gate.take(message), failed: (error) => this.fireError(error), ended: this.#ended })
    return { dispose: () => undefined }
  }
}
