/** The record of one connection as it is written for the recorder: what happened to it, in order, gaps included. */
import type { ClientProcess, Failure } from '../../sdk/model.ts'
import { type ConnectionClosed, type ConnectionOpened, type CopyGap, CopyKind, type OriginFacts } from '../capture/wire-copy.ts'
import { unixTime } from '../thread/unix-time.ts'
import type { CopyQueue } from './copy-queue.ts'

/** Connections of which nothing was copied: the last one's opening, the bytes of all. */
export interface LostConnections {
  opened: ConnectionOpened
  gap: CopyGap
}

const noBytes = Buffer.alloc(0)
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

export class ConnectionCopy {
  readonly id: number
  readonly session: number
  /** All bytes that passed, copied or not. */
  sent = 0
  received = 0
  #queue: CopyQueue
  #opened: ConnectionOpened | null = null
  /** The recorder knows of it. */
  #announced = false
  /** Whose connection it is will be known later. */
  #asked = false
  #closed = false
  #gap: CopyGap | null = null
  /** What happened during the gap and still matters after it. */
  #missedOrigin: OriginFacts | null = null
  #missedClientEnd = false
  #missedOriginEnd = false
  #releases: (() => void)[] = []

  constructor(queue: CopyQueue, id: number, session: number) {
    this.#queue = queue
    this.id = id
    this.session = session
  }

  get isOpen(): boolean {
    return this.#opened !== null && !this.#closed
  }

  open(opened: ConnectionOpened): void {
    if (this.#closed) return
    this.#opened = opened
    if (this.#copies()) this.#announce(opened)
  }

  /** False: pause reading, resume when `whenReleased` says so. The bytes are recorded or counted already. */
  fromClient(bytes: Buffer): boolean {
    this.sent += bytes.length
    if (this.#opened?.protocol === 'opaque') return true
    if (this.#copies()) return this.#queue.put(this, CopyKind.fromClient, bytes)
    if (this.#gap) this.#gap.sent += bytes.length
    return true
  }

  fromOrigin(bytes: Buffer): boolean {
    this.received += bytes.length
    if (this.#opened?.protocol === 'opaque') return true
    if (this.#copies()) return this.#queue.put(this, CopyKind.fromOrigin, bytes)
    if (this.#gap) this.#gap.received += bytes.length
    return true
  }

  /** Bytes that passed, of which another form was copied. */
  count(sent: number, received: number): void {
    this.sent += sent
    this.received += received
  }

  clientEnd(): void {
    if (this.#copies()) this.#queue.append(this.id, CopyKind.clientEnd, unixTime(), noBytes)
    else this.#missedClientEnd = true
  }

  originEnd(): void {
    if (this.#copies()) this.#queue.append(this.id, CopyKind.originEnd, unixTime(), noBytes)
    else this.#missedOriginEnd = true
  }

  origin(facts: OriginFacts): void {
    if (this.#copies()) this.#queue.append(this.id, CopyKind.origin, unixTime(), json(facts))
    else {
      this.#missedOrigin = facts
      this.#missedOriginEnd = false
    }
  }

  failed(failure: Failure): void {
    if (this.#copies()) this.#queue.append(this.id, CopyKind.failed, unixTime(), json(failure))
  }

  /** Asked for when it was accepted; `answered` follows. */
  asks(): void {
    this.#asked = true
  }

  /** What `opened` does not say yet follows it, also when the connection was short and is closed. */
  answered(process: ClientProcess | null): void {
    this.#asked = false
    if (this.#announced) this.#append(CopyKind.process, process)
  }

  close(end: Omit<ConnectionClosed, 'sent' | 'received'>): void {
    if (this.#closed) return
    this.#closed = true
    this.#queue.left(this)
    this.release()
    if (!this.#opened) return
    if (this.#announced) {
      if (this.#gap) this.#append(CopyKind.gap, this.#gap)
      this.#append(CopyKind.closed, { ...end, sent: this.sent, received: this.received } satisfies ConnectionClosed)
    } else if (this.#gap) {
      const counted = this.#opened.protocol === 'opaque' ? { sent: this.sent, received: this.received } : {}
      this.#queue.lose({ opened: this.#opened, gap: { ...this.#gap, ...counted } })
    }
  }

  /** Called once, when reading may go on after a `false`. */
  whenReleased(resume: () => void): void {
    this.#releases.push(resume)
  }

  release(): void {
    const releases = this.#releases
    if (releases.length === 0) return
    this.#releases = []
    for (const resume of releases) resume()
  }

  /** The recorder that knew of it is gone. */
  forget(): void {
    this.#announced = false
    if (this.isOpen) this.#gap ??= { since: unixTime(), sent: 0, received: 0 }
  }

  /** There is a recorder with credit: what it missed is put on record. */
  catchUp(): void {
    const opened = this.#opened
    const gap = this.#gap
    if (!opened || !gap) return
    this.#gap = null
    if (!this.#announced) this.#announce(opened)
    this.#append(CopyKind.gap, gap)
    if (this.#missedOrigin) this.#append(CopyKind.origin, this.#missedOrigin)
    this.#missedOrigin = null
    if (this.#missedClientEnd) this.#queue.append(this.id, CopyKind.clientEnd, unixTime(), noBytes)
    if (this.#missedOriginEnd) this.#queue.append(this.id, CopyKind.originEnd, unixTime(), noBytes)
    this.#missedClientEnd = false
    this.#missedOriginEnd = false
  }

  /** Stands for connections of which nothing was copied. */
  writeLost(lost: LostConnections): void {
    this.#append(CopyKind.opened, lost.opened)
    this.#append(CopyKind.gap, lost.gap)
    const { sent, received } = lost.gap
    this.#append(CopyKind.closed, { by: 'client', reset: false, sent, received } satisfies ConnectionClosed)
  }

  /** Otherwise this connection is in a gap from now on at the latest. */
  #copies(): boolean {
    if (this.#gap || this.#closed || !this.#opened) return false
    if (!this.#queue.stopped) return true
    this.#gap = { since: unixTime(), sent: 0, received: 0 }
    return false
  }

  #announce(opened: ConnectionOpened): void {
    this.#announced = true
    this.#append(CopyKind.opened, this.#asked ? ({ ...opened, asked: true } satisfies ConnectionOpened) : opened)
  }

  #append(kind: CopyKind, value: unknown): void {
    this.#queue.append(this.id, kind, unixTime(), json(value))
  }
}
