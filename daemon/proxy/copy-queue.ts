/**
 * Copies on their way to the recorder: batched, transferred, and bounded by credits. Without credit the connections that
 * copy are asked to wait, for a second at most; then copying stops, what passes is only counted, and a CopyGap says so
 * once there is credit again. Traffic is never held longer than that.
 */
import type { MessagePort } from 'node:worker_threads'
import { type BatchMessage, batchBytes, batchMs, CopyKind, type CreditMessage, recordHead } from '../capture/wire-copy.ts'
import { unixTime } from '../thread/unix-time.ts'
import { ConnectionCopy, type LostConnections } from './connection-copy.ts'

export interface CopyQueueOptions {
  /** Bytes sent to the recorder and not yet read by it. */
  outstandingBytes?: number
  /** The longest a connection is asked to wait for credit, ms. */
  waitMs?: number
}

const noBytes = Buffer.alloc(0)
/** Batches kept for use again. */
const spentBatches = 32
const leastCapacity = 16 * 1024

export class CopyQueue {
  #limit: number
  #waitMs: number
  #port: MessagePort | null = null
  #outstanding = 0
  #batch: Buffer = noBytes
  #spent: ArrayBuffer[] = []
  #used = 0
  /** Of the next batch: little traffic needs no large ones, and each costs memory until it has been read. */
  #capacity = leastCapacity
  #flushTimer: NodeJS.Timeout | null = null
  #waitTimer: NodeJS.Timeout | null = null
  #waiting = new Set<ConnectionCopy>()
  #connections = new Set<ConnectionCopy>()
  #lost = new Map<number, LostConnections>()
  #ids = 0
  /** Nothing is copied: there is no recorder, or no credit for too long. */
  #stopped = true

  constructor(options: CopyQueueOptions = {}) {
    this.#limit = options.outstandingBytes ?? 16 * 1024 * 1024
    this.#waitMs = options.waitMs ?? 1000
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** From now on copies go to this recorder; it hears again of every connection that is open. */
  attach(port: MessagePort): void {
    this.#detach()
    this.#port = port
    port.on('message', (message: CreditMessage) => this.#credited(port, message))
    port.once('close', () => {
      if (this.#port === port) this.#detach()
    })
    this.#resume()
  }

  /** A new connection of a session: nothing is recorded of it before its `open`. */
  connection(session: number): ConnectionCopy {
    this.#ids = (this.#ids % 0xffff_ffff) + 1
    const connection = new ConnectionCopy(this, this.#ids, session)
    this.#connections.add(connection)
    return connection
  }

  /** What is left of a session ends here: nothing of its connections is recorded any more. */
  closeConnections(session: number): void {
    for (const connection of this.#connections) {
      if (connection.session === session) connection.close({ by: 'weir', reset: true })
    }
  }

  listenerClosed(session: number): void {
    this.#control(CopyKind.listenerClosed, session)
  }

  sessionClosed(session: number): void {
    if (this.#port) this.#writeLost(session)
    this.#lost.delete(session)
    this.#control(CopyKind.sessionClosed, session)
  }

  #control(kind: CopyKind, session: number): void {
    this.append(0, kind, unixTime(), Buffer.from(JSON.stringify({ session })))
    this.flush()
  }

  /** Copies bytes that passed. False: pause reading until `connection.release` is called. */
  put(connection: ConnectionCopy, kind: CopyKind, bytes: Buffer): boolean {
    this.append(connection.id, kind, unixTime(), bytes)
    if (this.#outstanding + this.#used <= this.#limit) return true
    this.#waiting.add(connection)
    this.#waitTimer ??= setTimeout(() => this.#stop(), this.#waitMs)
    return false
  }

  /** Puts a record into the batch, whatever the credit: for what must not be missing and is small. */
  append(connection: number, kind: CopyKind, at: number, bytes: Buffer): void {
    if (!this.#port) return
    const need = recordHead + bytes.length
    if (this.#used + need > this.#batch.length) {
      if (this.#used > 0) this.#capacity = Math.min(this.#capacity * 2, batchBytes)
      this.flush()
      this.#batch = this.#newBatch(Math.max(need, this.#capacity))
    }
    const batch = this.#batch
    const start = this.#used
    batch.writeUInt32LE(connection, start)
    batch[start + 4] = kind
    batch.writeDoubleLE(at, start + 5)
    batch.writeUInt32LE(bytes.length, start + 13)
    batch.set(bytes, start + recordHead)
    this.#used = start + need
    if (start === 0) this.#startTimer()
  }

  #startTimer(): void {
    if (this.#flushTimer) this.#flushTimer.refresh()
    else this.#flushTimer = setTimeout(() => this.#flushAged(), batchMs)
  }

  #flushAged(): void {
    if (this.#used * 4 < this.#capacity) this.#capacity = Math.max(this.#capacity / 2, leastCapacity)
    this.flush()
  }

  /** Sends what is in the batch. */
  flush(): void {
    if (this.#used === 0) return
    const bytes = this.#batch.buffer as ArrayBuffer
    const length = this.#used
    this.#batch = noBytes
    this.#used = 0
    this.#outstanding += length
    this.#port?.postMessage({ bytes, length } satisfies BatchMessage, [bytes])
  }

  left(connection: ConnectionCopy): void {
    this.#connections.delete(connection)
    this.#waiting.delete(connection)
  }

  /** A connection came and went while nothing was copied: one gap of its session covers all such. */
  lose(connection: LostConnections): void {
    const lost = this.#lost.get(connection.opened.session)
    if (lost) {
      lost.gap.sent += connection.gap.sent
      lost.gap.received += connection.gap.received
    } else this.#lost.set(connection.opened.session, connection)
  }

  #newBatch(bytes: number): Buffer {
    const spent = bytes === batchBytes ? this.#spent.pop() : undefined
    return spent ? Buffer.from(spent) : Buffer.allocUnsafeSlow(bytes)
  }

  #credited(port: MessagePort, { credit, spent }: CreditMessage): void {
    if (port !== this.#port) return
    this.#outstanding -= credit
    if (this.#spent.length < spentBatches) this.#spent.push(...spent)
    if (this.#stopped) {
      if (this.#outstanding < this.#limit / 2) this.#resume()
    } else if (this.#waiting.size > 0 && this.#outstanding + this.#used < this.#limit * 0.9) this.#releaseAll()
  }

  #stop(): void {
    this.#stopped = true
    this.#releaseAll()
  }

  #detach(): void {
    const old = this.#port
    this.#port = null
    this.#outstanding = 0
    this.#used = 0
    this.#batch = noBytes
    for (const connection of this.#connections) connection.forget()
    this.#stop()
    old?.close()
  }

  #resume(): void {
    this.#stopped = false
    for (const session of this.#lost.keys()) this.#writeLost(session)
    this.#lost.clear()
    for (const connection of this.#connections) connection.catchUp()
  }

  #writeLost(session: number): void {
    const lost = this.#lost.get(session)
    if (lost === undefined) return
    const standIn = this.connection(session)
    this.left(standIn)
    standIn.writeLost(lost)
  }

  #releaseAll(): void {
    if (this.#waitTimer) clearTimeout(this.#waitTimer)
    this.#waitTimer = null
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const connection of waiting) connection.release()
  }
}
