/** Requests that a browser makes by itself, for no page: the DevTools protocol does not tell of them, the NetLog does. */
import type { SourceEvent } from '../../../sdk/source.ts'
import type { BrowserClock } from '../requests/browser-clock.ts'
import type { NetLogEvent } from './net-log.ts'

export interface OwnRequestsOptions {
  sourceId: string
  clock: Pick<BrowserClock, 'now' | 'at'>
  tell(event: SourceEvent): void
}

interface Begun {
  method: string
  url: string
  at: number
}

const mostOpen = 1_000
/** The log is written in pieces: a later word would find nothing that it could be about. */
const lateMs = 3_000

export class OwnRequests {
  readonly #options: OwnRequestsOptions
  readonly #begun = new Map<number, Begun>()
  #told = 0

  constructor(options: OwnRequestsOptions) {
    this.#options = options
  }

  /** URL_REQUEST_START_JOB: nobody's origin initiated it, and it is no document. */
  begin({ source, params, time }: NetLogEvent): void {
    const { method, url } = params ?? {}
    if (typeof source?.id !== 'number' || typeof method !== 'string' || typeof url !== 'string') return
    this.#begun.set(source.id, { method, url, at: this.#at(time) })
    if (this.#begun.size > mostOpen) this.#begun.delete(this.#begun.keys().next().value as number)
  }

  /** HTTP_TRANSACTION_READ_RESPONSE_HEADERS. Of those without an answer nothing is told: the proxy knows better. */
  answer({ source, params, time }: NetLogEvent): void {
    const { sourceId, clock, tell } = this.#options
    const begun = this.#begun.get(source?.id as number)
    const [, status, reason = ''] = /^HTTP\/\S+ (\d{3}) ?(.*)/.exec(String(params?.headers?.[0])) ?? []
    if (!begun || status === undefined) return
    this.#begun.delete(source?.id as number)
    const at = this.#at(time)
    if (clock.now() - at > lateMs) return
    const id = `net-log:${source?.id}:${this.#told++}`
    const view = { sourceId, requestId: id, resource: 'other', own: true } as const
    const { method, url } = begun
    tell({ kind: 'request', id, at: begun.at, exchange: 'http', method, url, headers: [], view })
    tell({ kind: 'response', id, at, status: Number(status), reason, httpVersion: '1.1', headers: [], proxied: true })
    tell({ kind: 'end', id, at })
  }

  /** The browser's monotonic clock, in whole milliseconds. */
  #at(time: unknown): number {
    return this.#options.clock.at(Number(time) / 1000)
  }
}
