/** What a query asks of an exchange: little enough that one can be asked while it passes, without making objects for it. */
import type { BrowserView } from '../browser-view.ts'
import type { Anomaly, Client, Endpoint, Exchange, ExchangeKind, ExchangeState, Failure, Headers, Part, Source, Tls } from '../model.ts'

interface FieldBlock {
  readonly fields: Readonly<Headers>
}

export interface QuerySubject {
  readonly seq: number
  /** 0: no HTTP/2. */
  readonly stream: number
  readonly source: Source
  readonly state: ExchangeState
  readonly kind: ExchangeKind
  /** Unix ms. */
  readonly startedAt: number
  /** null while it is open. */
  readonly durationMs: number | null
  /** From the end of the request to the response; null: one of both has not happened. */
  readonly waitMs: number | null
  readonly method: string
  readonly scheme: string
  readonly authority: string
  /** With its query; '*' is the asterisk form. */
  readonly path: string
  readonly requestVersion: string
  readonly requestFields: FieldBlock
  readonly requestSize: number
  /** 0: no response; then nothing else of it is asked. */
  readonly status: number
  readonly responseFields: FieldBlock | null
  readonly responseSize: number
  readonly client: Client | null
  readonly server: Endpoint | null
  readonly tls: Tls | null
  readonly error: Failure | null
  readonly anomalies: readonly Anomaly[] | null
  readonly browser: BrowserView | null
  readonly tags: readonly string[]
  readonly note: string | null
}

/** The bytes of a part, decoded as far as that goes; null: not one was kept. Asked once for each part that a query has terms on. */
export type BodyOf = (part: Part) => Uint8Array | null

/** Asks for a part once, and holds on to what it was given as long as it is held itself. */
export function askedOnce(bodyOf: BodyOf): BodyOf {
  const known = new Map<Part, Uint8Array | null>()
  return (part) => {
    let bytes = known.get(part)
    if (bytes === undefined) {
      bytes = bodyOf(part)
      known.set(part, bytes)
    }
    return bytes
  }
}

const absoluteUrl = /^(https?):\/\/([^/?#]*)([\s\S]*)$/

/** An exchange as it stands on the wire. */
export class WireSubject implements QuerySubject {
  readonly #exchange: Exchange
  readonly scheme: string
  readonly authority: string
  readonly path: string

  constructor(exchange: Exchange) {
    this.#exchange = exchange
    const [, scheme = '', authority = '', path = ''] = absoluteUrl.exec(exchange.request.url) ?? []
    this.scheme = scheme
    this.authority = authority
    this.path = path
  }

  get seq(): number {
    return this.#exchange.seq
  }
  get stream(): number {
    return this.#exchange.streamId ?? 0
  }
  get source(): Source {
    return this.#exchange.source
  }
  get state(): ExchangeState {
    return this.#exchange.state
  }
  get kind(): ExchangeKind {
    return this.#exchange.kind
  }
  get startedAt(): number {
    return this.#exchange.startedAt
  }
  get durationMs(): number | null {
    return this.#exchange.durationMs
  }
  get waitMs(): number | null {
    return this.#exchange.timings.wait ?? null
  }
  get method(): string {
    return this.#exchange.request.method
  }
  get requestVersion(): string {
    return this.#exchange.request.httpVersion
  }
  get requestFields(): FieldBlock {
    return { fields: this.#exchange.request.headers }
  }
  get requestSize(): number {
    return this.#exchange.request.bodySize
  }
  get status(): number {
    return this.#exchange.response?.status ?? 0
  }
  get responseFields(): FieldBlock | null {
    return this.#exchange.response && { fields: this.#exchange.response.headers }
  }
  get responseSize(): number {
    return this.#exchange.response?.bodySize ?? 0
  }
  get client(): Client | null {
    return this.#exchange.client
  }
  get server(): Endpoint | null {
    return this.#exchange.server
  }
  get tls(): Tls | null {
    return this.#exchange.tls
  }
  get error(): Failure | null {
    return this.#exchange.error ?? null
  }
  get anomalies(): readonly Anomaly[] | null {
    return this.#exchange.anomalies ?? null
  }
  get browser(): BrowserView | null {
    return this.#exchange.browser ?? null
  }
  get tags(): readonly string[] {
    return this.#exchange.tags
  }
  get note(): string | null {
    return this.#exchange.note
  }
}
