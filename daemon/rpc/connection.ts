/** One client's connection: frames in, the one handler, answers and notifications out. */
import type { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { codes, toWire, WeirError } from '../../sdk/errors.ts'
import {
  type CancellationToken,
  createMessageConnection,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageConnection,
  type MessageReader,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from '../../sdk/json-rpc.ts'
import type { Notification, NotificationParams } from '../../sdk/protocol.ts'
import type { Call, Caller } from './call.ts'
import type { Dispatcher } from './dispatcher.ts'
import { FrameMeter } from './frame-meter.ts'
import { type IncomingMessage, parseMessage, type RequestId } from './message.ts'
import { RequestGate } from './request-gate.ts'

/** With so many answers unsent no more is read from the client. */
const unsentAnswers = 128
/** A client that has so many bytes unread misses notifications that come again anyway. */
const unreadBytes = 1024 * 1024
/** How long calls may still run once their client has said its last word, ms. */
const lastAnswersMs = 10_000

export class Connection implements Caller {
  /** Resolves when the socket is closed. */
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #dispatcher: Dispatcher
  readonly #meter = new FrameMeter()
  readonly #writer: CountingWriter
  readonly #reader: GatedReader
  readonly #connection: MessageConnection
  readonly #running = new Set<AbortController>()
  #initialized = false

  constructor(socket: Socket, dispatcher: Dispatcher) {
    this.#socket = socket
    this.#dispatcher = dispatcher
    this.#writer = new CountingWriter(socket, (unsent) => (unsent > unsentAnswers ? this.#meter.pause() : this.#meter.resume()))
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.#end())
    // Half-open is allowed so that what was asked is still answered; then this side ends, too.
    socket.once('end', () => void this.end(lastAnswersMs))
    this.#meter.on('error', (error) => this.#refuse(error))
    this.#reader = new GatedReader(this.#meter, this.#writer)
    this.#connection = createMessageConnection(this.#reader, this.#writer)
    this.#connection.onError(([error]) => this.#refuse(error))
    this.#connection.onRequest((method, params, token) => this.#handle(method, params, token))
    this.#connection.listen()
    // The end of what a client says is not the end of what it is told.
    socket.pipe(this.#meter, { end: false })
  }

  /** Dropped for a client that is not initialized, and for one that lags: it will hear the next one. */
  notify<N extends Notification>(notification: N, params: NotificationParams<N>): void {
    if (!this.#initialized || this.#socket.readableEnded || this.#socket.writableLength > unreadBytes) return
    this.#connection.sendNotification(notification, params).catch(() => this.#socket.destroy())
  }

  async send<N extends Notification>(notification: N, params: NotificationParams<N>): Promise<void> {
    if (this.#socket.destroyed) throw new Error('the client is gone')
    await this.#connection.sendNotification(notification, params)
  }

  /** Ends once the calls that run are answered, at most so long from now. */
  async end(withinMs: number): Promise<void> {
    const deadline = Date.now() + withinMs
    // Once at least: what has just been read is on its way through timers of the reader.
    do await setTimeout(5)
    while (this.#isBusy && Date.now() < deadline)
    this.#socket.destroySoon()
    await Promise.race([this.closed, setTimeout(Math.max(0, deadline - Date.now()))])
    this.#socket.destroy()
  }

  get #isBusy(): boolean {
    return this.#running.size > 0 || this.#writer.unsent > 0 || this.#reader.isBusy || this.#meter.readableLength > 0
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
    if (this.#socket.writableEnded) return
    const wire = toWire(
      error instanceof WeirError ? error : new WeirError(codes.parseError, 'notAFrame', 'the bytes could not be read as messages'),
    )
    const text = JSON.stringify({ jsonrpc: '2.0', id: null, error: wire })
    this.#socket.unpipe(this.#meter)
    this.#socket.resume()
    this.#socket.end(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
    this.#socket.destroySoon()
    this.#end()
  }

  #end(): void {
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

class CountingWriter extends StreamMessageWriter {
  /** Hears of each answer that has left. */
  sent: (id: RequestId) => void = () => undefined
  readonly #changed: (unsent: number) => void
  unsent = 0

  constructor(socket: Socket, changed: (unsent: number) => void) {
    super(socket)
    this.#changed = changed
  }

  override async write(message: Message): Promise<void> {
    const { id } = message as { id?: RequestId }
    if (id === undefined) return super.write(message)
    try {
      await this.#count(super.write(message))
    } finally {
      this.sent(id)
    }
  }

  /** Answers a request that never got to be in flight. A client that is gone needs no answer. */
  refuse(id: RequestId, error: WeirError): void {
    this.#count(super.write({ jsonrpc: '2.0', id, error: toWire(error) } as Message)).catch(() => undefined)
  }

  async #count(writing: Promise<void>): Promise<void> {
    this.#changed(++this.unsent)
    await writing.finally(() => this.#changed(--this.unsent))
  }
}

/** A StreamMessageReader that hands on what the gate lets through. */
class GatedReader implements MessageReader {
  readonly #reader: StreamMessageReader
  readonly #writer: CountingWriter
  #gate: RequestGate | null = null

  constructor(meter: FrameMeter, writer: CountingWriter) {
    this.#writer = writer
    this.#reader = new StreamMessageReader(meter, {
      charset: 'utf-8',
      contentTypeDecoder: { name: 'application/json', decode: async (bytes) => parseMessage(bytes as Buffer) },
    })
  }

  /** Requests that are not answered yet. */
  get isBusy(): boolean {
    return this.#gate?.isBusy ?? false
  }

  get onError() {
    return this.#reader.onError
  }

  get onClose() {
    return this.#reader.onClose
  }

  get onPartialMessage() {
    return this.#reader.onPartialMessage
  }

  listen(deliver: DataCallback): Disposable {
    const gate = new RequestGate(deliver, (id, error) => this.#writer.refuse(id, error))
    this.#gate = gate
    this.#writer.sent = (id) => gate.answered(id)
    return this.#reader.listen((message) => gate.take(message as IncomingMessage))
  }

  dispose(): void {
    this.#reader.dispose()
  }
}
