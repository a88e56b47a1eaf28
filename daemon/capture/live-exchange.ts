/** An exchange while it passes: its record, and what the recorder has to know beside it. */
import type { Anomaly, Endpoint, ExchangeKind, ExchangeState, Failure, FailureReason, Informational, Source } from '../../sdk/model.ts'
import {
  type BodyRecord,
  type ConnectionRecord,
  type ExchangeRecord,
  type FieldBlock,
  newBody,
  type OriginRecord,
} from '../store/records.ts'

const noFields: FieldBlock = Object.freeze({ fields: Object.freeze([]) as never })

export class LiveExchange implements ExchangeRecord {
  seq = 0
  stream = 0
  stored = false
  state: ExchangeState = 'open'
  kind: ExchangeKind
  source: Source = 'proxy'
  connection: ConnectionRecord
  origin: OriginRecord | null
  startedAt: number
  requestEndedAt = 0
  responseStartedAt = 0
  endedAt = 0
  dnsMs = -1
  connectMs = -1
  tlsMs = -1
  method: string
  scheme: 'http' | 'https'
  authority: string
  path: string
  requestVersion: string
  requestFields: FieldBlock
  requestTrailers: FieldBlock | null = null
  requestBody: BodyRecord | null = null
  status = 0
  reason = ''
  responseVersion = ''
  responseFields: FieldBlock | null = null
  responseTrailers: FieldBlock | null = null
  informational: Informational[] | null = null
  responseBody: BodyRecord | null = null
  sentUnkept = 0
  receivedUnkept = 0
  error: Failure | null = null
  anomalies: Anomaly[] | null = null

  /** It goes to the store; otherwise it is only followed (begun during a pause, or given up). */
  kept = false
  /** It waits for the next commit. */
  dirty = false
  requestEnded = false
  responseEnded = false
  /** The client ended its direction amid the request. */
  requestCut = false
  /** The :protocol of an extended CONNECT (RFC 8441); '' otherwise. */
  extendedConnect = ''

  constructor(
    kind: ExchangeKind,
    connection: ConnectionRecord,
    origin: OriginRecord | null,
    startedAt: number,
    method: string,
    scheme: 'http' | 'https',
    authority: string,
    path: string,
    requestVersion: string,
    requestFields: FieldBlock,
  ) {
    this.kind = kind
    this.connection = connection
    this.origin = origin
    this.startedAt = startedAt
    this.method = method
    this.scheme = scheme
    this.authority = authority
    this.path = path
    this.requestVersion = requestVersion
    this.requestFields = requestFields
  }

  get isOpen(): boolean {
    return this.state === 'open'
  }

  addAnomaly(anomaly: Anomaly): void {
    if (this.anomalies === null) this.anomalies = [anomaly]
    else if (!this.anomalies.includes(anomaly)) this.anomalies.push(anomaly)
  }

  /** The bytes are kept until the next commit; not a copy. */
  addToRequest(bytes: Buffer): void {
    this.requestBody ??= newBody()
    append(this.requestBody, bytes, this.kept)
  }

  addToResponse(bytes: Buffer): void {
    this.responseBody ??= newBody()
    append(this.responseBody, bytes, this.kept)
  }

  /** Bytes of the parts that have not ended passed unseen. */
  markTruncated(): void {
    if (!this.requestEnded) {
      this.requestBody ??= newBody()
      this.requestBody.truncated = true
    }
    if (this.status > 0 && !this.responseEnded) {
      this.responseBody ??= newBody()
      this.responseBody.truncated = true
    }
  }

  /** What its bodies hold and have not written is let go. */
  dropBodies(): void {
    if (this.requestBody !== null) drop(this.requestBody)
    if (this.responseBody !== null) drop(this.responseBody)
  }
}

function append(body: BodyRecord, bytes: Buffer, kept: boolean): void {
  body.size += bytes.length
  if (!kept) return
  body.pending.push(bytes)
  body.pendingBytes += bytes.length
}

function drop(body: BodyRecord): void {
  if (body.pendingBytes === 0 && body.ended) return
  body.truncated = true
  body.pending = []
  body.pendingBytes = 0
}

/** A connection whose inside is not decoded, as one exchange. */
export function tunnelExchange(
  connection: ConnectionRecord,
  origin: OriginRecord | null,
  startedAt: number,
  scheme: 'http' | 'https',
  authority: string,
): LiveExchange {
  return new LiveExchange('tunnel', connection, origin, startedAt, 'CONNECT', scheme, authority, '', '1.1', noFields)
}

export const connectionRecord = (client: Endpoint | null): ConnectionRecord => ({ id: 0, client })

const abortedBy = new Set<FailureReason>(['clientAborted', 'sessionStopped', 'daemonStopped', 'daemonKilled'])

/** aborted: the client went first, or weir was stopped. failed: all else. */
export const stateAfter = (reason: FailureReason): ExchangeState => (abortedBy.has(reason) ? 'aborted' : 'failed')
