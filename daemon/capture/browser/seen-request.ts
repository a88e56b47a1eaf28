/** A request as a browser tells of it, and the exchange that it becomes where the proxy has none. */
import type { BrowserView } from '../../../sdk/browser-view.ts'
import type { Failure, Headers, Part } from '../../../sdk/model.ts'
import type { SourceEvent } from '../../../sdk/source.ts'
import { messageRecordOf } from '../../store/message-shape.ts'
import { type ConnectionRecord, newBody, type OriginRecord } from '../../store/records.ts'
import type { ExchangeSink } from '../connection.ts'
import { withoutCoding } from '../filters/filtered-copy.ts'
import { LiveExchange } from '../live-exchange.ts'
import type { RequestTarget } from '../request-target.ts'
import { boundedView } from './browser-views.ts'
import type { PassedExchange } from './passed-exchange.ts'
import { browserKey } from './request-key.ts'
import type { Sighting } from './sightings.ts'

type Told<Kind extends SourceEvent['kind']> = Extract<SourceEvent, { kind: Kind }>

/** How it stands with its exchange. `undecided`: it may be one of the proxy's. `nowhere`: those that it may be are not recorded, so it is not. */
type Place = 'undecided' | 'own' | 'shared' | 'nowhere'

export interface OwnExchange {
  sink: ExchangeSink<LiveExchange>
  connection: ConnectionRecord
  origin: OriginRecord | null
}

export class SeenRequest implements Sighting {
  readonly source: string
  readonly key: string
  readonly at: number
  readonly id: string
  heardAt: number
  connection: number | null = null
  answeredAt = 0
  endedAt = 0
  incomplete = false
  shown = false
  /** Of content that waits for an exchange. */
  heldBytes = 0
  place: Place = 'undecided'
  view: BrowserView
  readonly #target: RequestTarget
  readonly #method: string
  readonly #kind: 'http' | 'websocket'
  #headers: Headers
  response: Told<'response'> | null = null
  #failure: Failure | null = null
  /** Content that waits for an exchange to go to. */
  #waiting: (Told<'body'> | Told<'message'>)[] = []
  /** Those of the proxy that it may be have its messages. */
  #isCopy = false
  #own: { exchange: LiveExchange; sink: ExchangeSink<LiveExchange> } | null = null
  /** The exchange of the proxy that it is. */
  wire: PassedExchange | null = null
  /** Nothing more will be said of that by the matcher. */
  isSettled = false

  constructor(source: string, told: Told<'request'>, target: RequestTarget, heardAt: number) {
    const { id, at, exchange, method, headers, view } = told
    this.source = source
    this.id = id
    this.at = at
    this.heardAt = heardAt
    this.key = browserKey(method, exchange === 'websocket', target)
    this.#target = target
    this.#method = method
    this.#kind = exchange
    this.#headers = headers
    this.view = { ...boundedView(view), sourceId: source }
  }

  /** null: it has none of its own. */
  get exchange(): LiveExchange | null {
    return this.#own?.exchange ?? null
  }

  get status(): number {
    return this.response?.status ?? 0
  }

  get hasEnded(): boolean {
    return this.endedAt > 0
  }

  learn(view: Partial<BrowserView> | undefined, headers?: Headers): void {
    if (view !== undefined) this.view = { ...this.view, ...boundedView(view), sourceId: this.source }
    if (headers === undefined) return
    this.#headers = headers
    if (this.#own !== null) this.#own.exchange.requestFields = { fields: headers }
  }

  /** Content that no proxy has. */
  hold(content: Told<'body'> | Told<'message'>): void {
    if (content.kind === 'message' && this.#isCopy) return
    if (this.#own !== null) this.#put(content, this.#own)
    else if (this.place === 'undecided') this.#waiting.push(content)
  }

  /** The exchange that it is from now on: its own. */
  begin({ sink, connection, origin }: OwnExchange, anomalies: LiveExchange['anomalies']): LiveExchange {
    const { scheme, authority, path } = this.#target
    const version = this.response?.httpVersion ?? ''
    const fields = { fields: this.#headers }
    const exchange = new LiveExchange(this.#kind, connection, origin, this.at, this.#method, scheme, authority, path, version, fields)
    exchange.source = 'browser'
    exchange.browser = this.view
    exchange.anomalies = anomalies
    this.place = 'own'
    this.#own = { exchange, sink }
    sink.begin(exchange)
    this.#respond(this.#own)
    for (const content of this.#waiting) this.#put(content, this.#own)
    this.#waiting = []
    if (this.hasEnded) this.#finish(this.#own)
    return exchange
  }

  /** They are there if anywhere: nobody asked the browser for them. */
  leaveBodiesToProxy(): void {
    const status = this.response?.status ?? 0
    const hasBody = this.#method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304
    const length = this.#headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1] ?? '0'
    this.view = {
      ...this.view,
      ...(hasBody && { responseBody: this.view.responseBody ?? 'notRead' }),
      ...(length !== '0' && { requestBody: this.view.requestBody ?? 'notRead' }),
    }
  }

  /** Each is on record once: with one of these exchanges. */
  mayBe(seqs: number[]): void {
    this.view = { ...this.view, ambiguous: seqs }
    this.#isCopy = true
    this.#waiting = this.#waiting.filter(({ kind }) => kind !== 'message')
  }

  /** What waits goes nowhere. */
  dropContent(): void {
    this.#waiting = []
  }

  respond(told: Told<'response'>): void {
    this.response = told
    this.connection = told.connection ?? null
    this.answeredAt = told.at
    if (this.#own !== null) this.#respond(this.#own)
  }

  end(at: number, failure: Failure | null): void {
    this.endedAt = at
    this.#failure = failure
    if (this.#own !== null) this.#finish(this.#own)
  }

  /** Its own exchange says what is known by now. */
  touch(): void {
    if (this.#own === null) return
    this.#own.exchange.browser = this.view
    this.#own.sink.touch(this.#own.exchange)
  }

  #respond({ exchange, sink }: { exchange: LiveExchange; sink: ExchangeSink<LiveExchange> }): void {
    if (this.response === null) return
    const { status, reason, httpVersion, headers, at } = this.response
    exchange.status = status
    exchange.reason = reason
    exchange.responseVersion = httpVersion
    exchange.requestVersion ||= httpVersion
    exchange.responseFields = { fields: headers }
    exchange.responseStartedAt = at
    sink.touch(exchange)
  }

  #put(content: Told<'body'> | Told<'message'>, { exchange, sink }: { exchange: LiveExchange; sink: ExchangeSink<LiveExchange> }): void {
    if (content.kind === 'message') sink.addMessage(exchange, messageRecordOf(content.message))
    else if (exchange.isOpen) {
      if (content.part === 'request') exchange.addToRequest(bytesOf(content), 0)
      else exchange.addToResponse(bytesOf(content), 0)
      sink.touch(exchange)
    }
  }

  #finish({ exchange, sink }: { exchange: LiveExchange; sink: ExchangeSink<LiveExchange> }): void {
    this.#mark(exchange, 'request')
    if (exchange.status !== 0) this.#mark(exchange, 'response')
    exchange.browser = this.view
    const noResponse = { reason: 'notRecorded', message: 'the browser told of no response' } as const
    sink.finish(exchange, this.#failure ?? (exchange.status === 0 ? noResponse : null), this.endedAt)
  }

  /** A body that is there is as the browser decoded it; one that is not there is missing. */
  #mark(exchange: LiveExchange, part: Part): void {
    const mark = part === 'request' ? this.view.requestBody : this.view.responseBody
    if (mark === undefined) return
    if (part === 'request') exchange.requestBody ??= newBody()
    else exchange.responseBody ??= newBody()
    const body = (part === 'request' ? exchange.requestBody : exchange.responseBody) as NonNullable<LiveExchange['requestBody']>
    if (mark !== 'decoded') body.truncated = true
    if (body.size === 0) return
    if (part === 'request') exchange.requestFields = withoutCoding(exchange.requestFields)
    else if (exchange.responseFields !== null) exchange.responseFields = withoutCoding(exchange.responseFields)
  }
}

function bytesOf({ data }: Told<'body'>): Buffer {
  return typeof data === 'string' ? Buffer.from(data, 'base64') : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}
