/** An exchange while it passes: its record, and what the recorder has to know beside it. */
import type { BrowserView } from '../../sdk/browser-view.ts'
import type {
  Anomaly,
  Client,
  Endpoint,
  ExchangeKind,
  ExchangeState,
  Failure,
  FailureReason,
  Informational,
  Source,
  Tls,
} from '../../sdk/model.ts'
import type { QuerySubject } from '../../sdk/query.ts'
import { microseconds } from '../store/exchange-row.ts'
import {
  type BodyRecord,
  type ConnectionRecord,
  type ExchangeRecord,
  type FieldBlock,
  type MessageRecord,
  newBody,
  type OriginRecord,
} from '../store/records.ts'
import type { Admission } from './filters/admission.ts'
import type { HeldContent } from './filters/held-content.ts'
import type { MessageSplitter } from './message-splitter.ts'

const noTags: readonly string[] = []
const noFields: FieldBlock = Object.freeze({ fields: Object.freeze([]) as never })

export class LiveExchange implements ExchangeRecord, QuerySubject {
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
  browser: BrowserView | null = null
  messages: MessageRecord[] | null = null
  messageCount = 0
  removed: 'filtered' | 'undecided' | null = null

  /** Keeps its bodies until filters have decided; null: they go to the store while they pass. */
  held: HeldContent | null = null
  /** It goes to the store; otherwise it is only followed (begun during a pause, filtered, or given up). */
  kept = false
  /** Of each of its bodies so much is kept, bytes. */
  keptBodyBytes = Number.POSITIVE_INFINITY
  /** Of the first head that answered it, a 1xx included, Unix ms; 0: none has come. */
  firstHeadAt = 0
  /** A browser may still say more of it: till then filters do not decide as at its end. */
  awaitsView = false
  /** Whether it is stored hangs on this; null: it does. */
  undecidedBy: Admission | null = null
  /** It has ended, and whose process began it is still to be told. */
  awaitsProcess = false
  /** That was asked with the response's head. */
  askedWithResponse = false
  /** That is asked again when so much of its bodies has passed, bytes. */
  askedAgainAt = 1024 * 1024
  /** It waits for the next commit. */
  dirty = false
  requestEnded = false
  responseEnded = false
  /** Content-Length of an HTTP/2 message, where nothing else frames by it; null: none. */
  requestLength: number | null = null
  responseLength: number | null = null
  /** The client ended its direction amid the request. */
  requestCut = false
  /** null: its content is no messages, or is not read as such. */
  splitter: MessageSplitter | null = null
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

  // What queries ask beyond the record, as the store would answer it.
  get durationMs(): number | null {
    return this.endedAt === 0 ? null : Math.max(0, microseconds(this.endedAt) - microseconds(this.startedAt)) / 1000
  }
  get waitMs(): number | null {
    if (this.requestEndedAt === 0 || this.responseStartedAt === 0) return null
    return Math.max(0, microseconds(this.responseStartedAt) - microseconds(this.requestEndedAt)) / 1000
  }
  get requestSize(): number {
    return (this.requestBody?.size ?? 0) + this.sentUnkept
  }
  get responseSize(): number {
    return (this.responseBody?.size ?? 0) + this.receivedUnkept
  }
  get client(): Client | null {
    return this.connection.client
  }
  get server(): Endpoint | null {
    return this.origin?.server ?? null
  }
  get tls(): Tls | null {
    return this.origin?.tls ?? null
  }
  get tags(): readonly string[] {
    return noTags
  }
  get note(): string | null {
    return null
  }

  addAnomaly(anomaly: Anomaly): void {
    if (this.anomalies === null) this.anomalies = [anomaly]
    else if (!this.anomalies.includes(anomaly)) this.anomalies.push(anomaly)
  }

  /** The bytes are kept until the next commit; not a copy. */
  addToRequest(bytes: Buffer, at: number): void {
    this.requestBody ??= newBody()
    append(this.requestBody, bytes, this)
    this.splitter?.sent(bytes, at)
  }

  addToResponse(bytes: Buffer, at: number): void {
    this.responseBody ??= newBody()
    append(this.responseBody, bytes, this)
    this.splitter?.received(bytes, at)
  }

  /** What is left of its messages is told. @returns why it ended, now that they are known; null: as framed */
  endMessages(failed: Failure | null, at: number): Failure | null {
    const { splitter } = this
    this.splitter = null
    splitter?.end(at)
    return splitter?.isOver ? null : failed
  }

  /** @param reason null: as framed */
  end(reason: Failure | null, at: number): void {
    this.state = reason === null ? 'complete' : stateAfter(reason.reason)
    this.error = reason
    this.endedAt = at
    if (this.requestBody !== null) this.requestBody.ended = true
    if (this.responseBody !== null) this.responseBody.ended = true
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

  /** Of another protocol than HTTP: counted, not kept. */
  passSent(bytes: Buffer, at: number): void {
    this.sentUnkept += bytes.length
    this.splitter?.sent(bytes, at)
  }

  passReceived(bytes: Buffer, at: number): void {
    this.receivedUnkept += bytes.length
    this.splitter?.received(bytes, at)
  }

  /** What its bodies and messages hold and have not written is let go. */
  dropContent(): void {
    if (this.messages !== null) this.messageCount -= this.messages.length
    this.messages = null
    if (this.requestBody !== null) drop(this.requestBody)
    if (this.responseBody !== null) drop(this.responseBody)
  }
}

/** Beyond what is kept of a body its bytes are counted. */
function append(body: BodyRecord, bytes: Buffer, { kept: isKept, keptBodyBytes, held }: LiveExchange): void {
  body.size += bytes.length
  if (held !== null) {
    held.add(body, bytes)
    return
  }
  const room = (isKept ? keptBodyBytes : 0) - body.written - body.pendingBytes
  if (bytes.length > room) body.truncated = true
  if (room <= 0 || bytes.length === 0) return
  const kept = bytes.length > room ? bytes.subarray(0, room) : bytes
  body.pending.push(kept)
  body.pendingBytes += kept.length
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

export const connectionRecord = (client: Client | null): ConnectionRecord => ({ id: 0, client, named: false })

const abortedBy = new Set<FailureReason>(['clientAborted', 'sessionStopped', 'daemonStopped', 'daemonKilled'])

/** aborted: the client went first, or weir was stopped. failed: all else. */
const stateAfter = (reason: FailureReason): ExchangeState => (abortedBy.has(reason) ? 'aborted' : 'failed')

/** Its request asks for another protocol on its connection: WebSocket (RFC 6455 section 4.1). */
export const isWebSocketUpgrade = ({ requestFields }: LiveExchange): boolean =>
  requestFields.fields.some(([name, value]) => name.toLowerCase() === 'upgrade' && /(^|[, \t])websocket($|[, \t])/i.test(value))
