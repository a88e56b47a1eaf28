/**
 * What the proxy thread tells the recorder thread: copies of what passed, and what happened to each connection, in the
 * order it happened. A batch is one ArrayBuffer, transferred, of at most `batchBytes` (more for one larger copy) or
 * `batchMs` old. Layout of a record, little-endian: u32 connection, u8 kind, f64 at (Unix ms), u32 length, bytes.
 */
import type { Client, Endpoint, Failure, Tls } from '../../sdk/model.ts'

export const batchBytes = 256 * 1024
export const batchMs = 10
export const recordHead = 17

export const CopyKind = {
  /** Bytes as the client sent them (TLS undone). */
  fromClient: 0,
  /** Bytes as the origin sent them (TLS undone). */
  fromOrigin: 1,
  /** JSON of ConnectionOpened; the connection's first record. */
  opened: 2,
  /** JSON of ConnectionClosed; its last record. */
  closed: 3,
  /** The client ended its direction (FIN or close_notify); no bytes. */
  clientEnd: 4,
  /** The origin ended its direction; no bytes. */
  originEnd: 5,
  /** JSON of OriginFacts: what follows from the origin comes from there (the forwarder changes origins on one connection). */
  origin: 6,
  /** JSON of Failure: the exchange in hand fails with it; later bytes of the connection belong to the next one. */
  failed: 7,
  /** JSON of CopyGap: bytes that passed uncopied before this record. */
  gap: 8,
  /** JSON of {session}: the session's listener is closed and all that was copied for it lies before this record. Connection 0. */
  listenerClosed: 9,
  /** JSON of {session}: all its connections are closed. Connection 0. */
  sessionClosed: 10,
  /** JSON of ClientProcess or null: the answer for a connection that was opened `asked`. May come after its `closed`. */
  process: 11,
} as const
export type CopyKind = (typeof CopyKind)[keyof typeof CopyKind]

export interface ConnectionOpened {
  /** The recorder's handle of the session (see RecorderSurface.openSession). */
  session: number
  /** null: weir itself. */
  client: Client | null
  /** weir itself asks on it, for the send of this number; its exchange has the source `send`. */
  send?: number
  /** A `process` record will come: whose connection it is was not known yet. */
  asked?: true
  scheme: 'http' | 'https'
  /** The destination as the client named it, `host:port` (IPv6 in brackets); empty for a clear-text proxy connection. */
  authority: string
  /** http1, http2: decode it. opaque: only its existence and byte counts are recorded, as a tunnel. */
  protocol: 'http1' | 'http2' | 'opaque'
  /** Of an opaque one: why it is not decoded. autoBypassed: a client of its host has rejected the CA before. */
  opaque?: 'bypassed' | 'autoBypassed' | 'undecoded'
  /** When the client's connection or tunnel request arrived, Unix ms. */
  startedAt: number
  origin?: OriginFacts
}

export interface OriginFacts {
  server: Endpoint
  tls?: Tls
  /** Milliseconds each phase of connecting took. */
  dns?: number
  connect?: number
  tlsHandshake?: number
}

export interface ConnectionClosed {
  /** Who ended it: what is still open is aborted (client) or failed (origin, weir). */
  by: 'client' | 'origin' | 'weir'
  /** An RST rather than an orderly end. */
  reset: boolean
  /** All bytes that passed on it, copied or not. */
  sent: number
  received: number
  failure?: Failure
}

export interface CopyGap {
  /** Unix ms of the first uncopied byte. */
  since: number
  sent: number
  received: number
}

/** A batch as it crosses the MessagePort. The recorder answers with a CreditMessage after each round of commits. */
export interface BatchMessage {
  bytes: ArrayBuffer
  length: number
}
export interface CreditMessage {
  /** Bytes of batches that were read since the last one. */
  credit: number
  /** Batches of `batchBytes` whose bytes nobody needs any more, transferred back: new memory for each would cost more than the copy. */
  spent: ArrayBuffer[]
}

export interface CopyVisitor {
  copy(connection: number, kind: CopyKind, at: number, bytes: Buffer): void
}

/** Reads a batch in order. The buffers handed out are views of the batch. */
export function readBatch(batch: BatchMessage, visitor: CopyVisitor): void {
  const bytes = Buffer.from(batch.bytes, 0, batch.length)
  for (let at = 0; at < batch.length; ) {
    const length = bytes.readUInt32LE(at + 13)
    const start = at + recordHead
    visitor.copy(bytes.readUInt32LE(at), bytes[at + 4] as CopyKind, bytes.readDoubleLE(at + 5), bytes.subarray(start, start + length))
    at = start + length
  }
}
