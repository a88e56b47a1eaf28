/**
 * What the recorder hands to the session file. Records are mutable while an exchange is open and are written at commits;
 * the file keeps their ids in them. All fields are always present, so that every record has one hidden class.
 */
import type { BrowserView } from '../../sdk/browser-view.ts'
import type {
  Anomaly,
  Client,
  Endpoint,
  ExchangeKind,
  ExchangeState,
  Failure,
  FailureReason,
  Headers,
  Informational,
  Message,
  Source,
  Tls,
} from '../../sdk/model.ts'

/** One connection of a source; written with the first exchange that names it. */
export interface ConnectionRecord {
  /** 0 until written. */
  id: number
  /** Its process may come later; each exchange written after that writes it, too. */
  client: Client | null
  /** The store's own: its process is written. */
  named: boolean
}

/** The way to an origin; written with the first exchange that names it, so that repeats cost nothing. */
export interface OriginRecord {
  id: number
  server: Endpoint
  tls: Tls | null
}

/** Header fields that many exchanges share; the store interns them by this object's identity. */
export interface FieldBlock {
  readonly fields: Readonly<Headers>
  /** Of the content; null: it is no messages. */
  readonly messages?: 'eventStream' | 'grpc' | 'grpcWeb' | 'grpcWebText' | null
}

/** A body while it passes. Owned by the exchange builder, emptied by the store. */
export interface BodyRecord {
  /** 0 until written. */
  id: number
  /** Bytes not yet written; views of batches, so they are released by each commit. */
  pending: Buffer[]
  pendingBytes: number
  /** Bytes so far, written or not. */
  size: number
  ended: boolean
  /** Not all bytes that passed are here. */
  truncated: boolean
  /** The store's own: offset of the next chunk row, and whether chunks are still to come. */
  written: number
  running: boolean
}

export const newBody = (): BodyRecord => ({
  id: 0,
  pending: [],
  pendingBytes: 0,
  size: 0,
  ended: false,
  truncated: false,
  written: 0,
  running: false,
})

/** A message inside of an exchange. `text` or `data` holds its content, or the beginning of it where `size` is more. */
export interface MessageRecord {
  /** Unix ms. */
  at: number
  direction: Message['direction']
  type: Message['type']
  text: string | null
  data: Buffer | null
  /** Of the whole content, bytes. */
  size: number
  /** Of a server-sent event. */
  event: string | null
  id: string | null
}

export interface ExchangeRecord {
  /** Given by SessionFile.nextSeq when it starts. */
  seq: number
  /** Of its HTTP/2 connection; 0: HTTP/1. */
  stream: number
  /** The store's own: it has a row. */
  stored: boolean
  state: ExchangeState
  kind: ExchangeKind
  source: Source
  connection: ConnectionRecord
  origin: OriginRecord | null
  startedAt: number
  /** Unix ms; 0 until then. */
  requestEndedAt: number
  responseStartedAt: number
  endedAt: number
  /** Of connecting, on the first exchange of a connection to an origin; -1 elsewhere. */
  dnsMs: number
  connectMs: number
  tlsMs: number
  method: string
  scheme: 'http' | 'https'
  /** host or host:port, default port left out; as sent. */
  authority: string
  /** Path and query byte for byte, with its leading slash; '*' and '' are possible. */
  path: string
  requestVersion: string
  requestFields: FieldBlock
  requestTrailers: FieldBlock | null
  requestBody: BodyRecord | null
  /** 0: no response yet. */
  status: number
  reason: string
  responseVersion: string
  responseFields: FieldBlock | null
  responseTrailers: FieldBlock | null
  informational: Informational[] | null
  responseBody: BodyRecord | null
  /** Bytes that are counted and not kept (a tunnel's, an upgraded connection's); added to the sizes. */
  sentUnkept: number
  receivedUnkept: number
  error: Failure | null
  anomalies: Anomaly[] | null
  /** null: no browser told of it. */
  browser: BrowserView | null
  /** Those that are not written; null: none. */
  messages: MessageRecord[] | null
  /** All so far, written or not. */
  messageCount: number
  /** Its row goes, and leaves a tombstone: a filter did not want it, or nobody knows (`undecided`: a gap counts it). */
  removed: 'filtered' | 'undecided' | null
}

/** Something that was not recorded. */
export interface GapRecord {
  /** Of its row, once it is written; written again it is the same row. */
  id?: number
  from: number
  to: number
  /** Why: 'overload', 'diskFull', 'daemonKilled', 'recorderCrashed', 'proxyCrashed', ... */
  reason: FailureReason | 'overload' | 'diskFull' | 'storeFailed' | 'retention' | 'autoStop' | 'filterFailed' | 'sourceLost'
  /** How many exchanges are missing; null when nobody can know. */
  exchanges: number | null
  bytes: number | null
}
