/** What a proxy thread sends over its port: each record goes to whatever follows its connection. */
import type { MessagePort } from 'node:worker_threads'
import { receiveMessageOnPort } from 'node:worker_threads'
import type { Client, ClientProcess, Failure } from '../../sdk/model.ts'
import { AbandonedConnection } from './abandoned-connection.ts'
import { type FollowedConnection, failure } from './connection.ts'
import type { HeaderBlocks } from './decoders/header-block.ts'
import { Http1Connection } from './http1-connection.ts'
import { Http2Connection } from './http2-connection.ts'
import type { Http2Heads } from './http2-fields.ts'
import { SendSink } from './send-sink.ts'
import type { SessionRecorder } from './session-recorder.ts'
import { TunnelConnection } from './tunnel-connection.ts'
import {
  type BatchMessage,
  batchBytes,
  type ConnectionOpened,
  CopyKind,
  type CopyVisitor,
  type CreditMessage,
  type OriginFacts,
  readBatch,
} from './wire-copy.ts'

export interface BatchReaderOptions {
  port: MessagePort
  blocks: HeaderBlocks
  heads: Http2Heads
  sessionOf(handle: number): SessionRecorder | undefined
  /** The exchange of a send has begun; seq 0: it is not recorded. */
  sent(send: number, seq: number): void
  /** A batch has been read; bytes of its buffer. */
  read(bytes: number): void
  /** Something failed inside; the connection concerned is not followed any more. */
  fault(error: unknown): void
}

/** When at so many looks in a row no batch had come, none is on its way: a proxy sends what it has after 10 ms. */
const quietLooks = 5

interface Followed {
  session: SessionRecorder
  connection: FollowedConnection
}

const parse = (bytes: Buffer): never => JSON.parse(bytes.toString()) as never

export class BatchReader implements CopyVisitor {
  #options: BatchReaderOptions
  #followed = new Map<number, Followed>()
  /** Connections whose process is still to be told: it may come after their end. */
  #asked = new Map<number, { session: SessionRecorder; client: Client }>()
  #uncredited = 0
  /** Batches of the usual size that were read. */
  #spent: ArrayBuffer[] = []
  /** Unix ms of the last record. */
  lastAt = 0
  #looks = 0

  constructor(options: BatchReaderOptions) {
    this.#options = options
    options.port.on('message', (batch: BatchMessage) => this.#read(batch))
  }

  /** The proxy may send as much again as was read since the last credit; it gets the batches back, unless `keep` came first. */
  credit(): void {
    if (this.#uncredited === 0) return
    const spent = this.#spent
    this.#spent = []
    this.#options.port.postMessage({ credit: this.#uncredited, spent } satisfies CreditMessage, spent)
    this.#uncredited = 0
  }

  /** Bytes of what was read are still to be stored, so their batches cannot be given back. */
  keep(): void {
    this.#spent = []
  }

  /** All that the other side has sent so far. */
  readSent(): void {
    const { port } = this.#options
    for (let sent = receiveMessageOnPort(port); sent; sent = receiveMessageOnPort(port)) this.#read(sent.message as BatchMessage)
  }

  /** What the other side sent before it died is read; then the port is closed. */
  close(): void {
    this.readSent()
    this.#options.port.close()
  }

  /** null: the connections of all sessions. What is open on them ends with the failure. */
  stop(session: SessionRecorder | null, reason: Failure, at: number): void {
    for (const [id, followed] of this.#followed) {
      if (session !== null && followed.session !== session) continue
      this.#followed.delete(id)
      followed.connection.stop(reason, at)
    }
    for (const [id, asked] of this.#asked) if (session === null || asked.session === session) this.#answered(id, null)
  }

  /** What its connections bring goes another way from now on. */
  redirect(session: SessionRecorder): void {
    for (const { session: own, connection } of this.#followed.values())
      if (own === session && connection.sink === session.entrance) connection.sink = session.way
  }

  #answered(id: number, process: ClientProcess | null): void {
    const asked = this.#asked.get(id)
    if (asked === undefined) return
    this.#asked.delete(id)
    asked.session.answered(asked.client, process)
  }

  follows(session: SessionRecorder): boolean {
    for (const followed of this.#followed.values()) if (followed.session === session) return true
    return false
  }

  copy(id: number, kind: CopyKind, at: number, bytes: Buffer): void {
    const followed = this.#followed.get(id)
    try {
      if (kind === CopyKind.process) this.#answered(id, parse(bytes))
      else if (kind === CopyKind.opened) this.#opened(id, followed, parse(bytes), at)
      else if (id === 0) this.#control(kind, bytes)
      else if (followed !== undefined) this.#told(id, followed.connection, kind, at, bytes)
    } catch (error) {
      this.#options.fault(error)
      this.#abandon(id, at)
    }
    this.lastAt = at
  }

  /**
   * What passed before is read, as far as can be known, Unix ms. Looks are counted, not time: a machine that is held up may hold batches back as well.
   * @param now Unix ms @param apart the least time between two looks, ms
   */
  look(now: number, apart: number): number {
    return ++this.#looks > quietLooks ? Math.max(this.lastAt, now - quietLooks * apart) : this.lastAt
  }

  #read(batch: BatchMessage): void {
    this.#looks = 0
    const { read, fault } = this.#options
    const size = batch.bytes.byteLength
    try {
      readBatch(batch, this)
    } catch (error) {
      fault(error)
    }
    this.#uncredited += batch.length
    if (size === batchBytes) this.#spent.push(batch.bytes)
    read(size)
  }

  #opened(id: number, before: Followed | undefined, opened: ConnectionOpened, at: number): void {
    before?.connection.stop(failure('notRecorded'), at)
    this.#answered(id, null)
    const session = this.#options.sessionOf(opened.session)
    if (session === undefined) {
      this.#followed.delete(id)
      return
    }
    if (opened.asked && opened.client !== null) {
      this.#asked.set(id, { session, client: opened.client })
      session.asks(opened.client)
    }
    this.#followed.set(id, { session, connection: this.#follow(session, opened) })
  }

  #follow(session: SessionRecorder, opened: ConnectionOpened): FollowedConnection {
    const originOf = (facts: OriginFacts) => session.originOf(facts)
    const { send } = opened
    const sink = send === undefined ? session.way : new SendSink(session.entrance, (seq) => this.#options.sent(send, seq))
    switch (opened.protocol) {
      case 'http1':
        return new Http1Connection(sink, opened, this.#options.blocks, originOf)
      case 'http2':
        return new Http2Connection(sink, opened, this.#options.heads, originOf)
      case 'opaque':
        return new TunnelConnection(sink, opened, opened.origin ? originOf(opened.origin) : null)
    }
  }

  #told(id: number, connection: FollowedConnection, kind: CopyKind, at: number, bytes: Buffer): void {
    switch (kind) {
      case CopyKind.fromClient:
        connection.fromClient(bytes, at)
        break
      case CopyKind.fromOrigin:
        connection.fromOrigin(bytes, at)
        break
      case CopyKind.clientEnd:
        connection.clientEnd(at)
        break
      case CopyKind.originEnd:
        connection.originEnd(at)
        break
      case CopyKind.origin:
        connection.origin(parse(bytes), at)
        break
      case CopyKind.failed:
        connection.failed(parse(bytes), at)
        break
      case CopyKind.gap:
        connection.gap(parse(bytes), at)
        break
      case CopyKind.closed:
        this.#followed.delete(id)
        connection.closed(parse(bytes), at)
        break
      case CopyKind.opened:
      case CopyKind.process:
      case CopyKind.listenerClosed:
      case CopyKind.sessionClosed:
        // No matter of one connection: see copy.
        break
    }
  }

  #control(kind: CopyKind, bytes: Buffer): void {
    const { session: handle } = parse(bytes) as { session: number }
    const session = this.#options.sessionOf(handle)
    if (session === undefined) return
    session.stopping = true
    if (kind === CopyKind.sessionClosed) session.connectionsClosed = true
  }

  /** What still passes on it lies in gaps. */
  #abandon(id: number, at: number): void {
    const followed = this.#followed.get(id)
    if (followed === undefined) return
    const { session, connection } = followed
    this.#followed.set(id, { session, connection: new AbandonedConnection(session, at) })
    try {
      connection.stop(failure('notRecorded'), at)
    } catch (error) {
      this.#options.fault(error)
    }
  }
}
