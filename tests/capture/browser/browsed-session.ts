/** A session without a file, a proxy that is told step by step, and a browser beside it, on one clock that stands still until it is moved. */
import { BrowserRecorder, type BrowserRecorderOptions } from '../../../daemon/capture/browser/browser-recorder.ts'
import type { BrowserView } from '../../../sdk/browser-view.ts'
import type { Headers } from '../../../sdk/model.ts'
import type { SourceEvent } from '../../../sdk/source.ts'
import { RecordedSession, type Row } from '../kept-records.ts'

type Told<Kind extends SourceEvent['kind']> = Extract<SourceEvent, { kind: Kind }>

export class BrowsedSession extends RecordedSession {
  readonly browsers: BrowserRecorder

  constructor(options: Partial<BrowserRecorderOptions> = {}) {
    super()
    this.browsers = new BrowserRecorder({
      session: this.session,
      entrance: this.session.entrance,
      now: () => this.script.at,
      wake: () => undefined,
      ...options,
    })
    this.session.browsers = this.browsers
    this.browsers.start('chromium')
    this.later(1_000)
  }

  tell(...events: SourceEvent[]): this {
    this.read()
    this.browsers.take('chromium', events)
    return this
  }
  /** It begins, a millisecond before the next record of the proxy. */
  asks(id: string, url: string, more: Partial<Told<'request'>> = {}): this {
    const view = { sourceId: '', requestId: id, resource: 'fetch' as const, page: 'https://example.com/' }
    return this.tell({ kind: 'request', id, at: this.script.at - 1, exchange: 'http', method: 'GET', url, headers: [], view, ...more })
  }
  /** Its response came, a millisecond after the last record of the proxy. */
  answered(id: string, more: Partial<Told<'response'>> = {}): this {
    const headers: Headers = [['content-type', 'text/plain']]
    const told = { status: 200, reason: '', httpVersion: '1.1', headers, proxied: true }
    return this.tell({ kind: 'response', id, at: this.script.at, ...told, ...more })
  }
  ended(id: string, more: Partial<Told<'end'>> = {}): this {
    return this.tell({ kind: 'end', id, at: this.script.at, ...more })
  }

  /** Time passes, and nothing else. */
  later(ms: number): this {
    this.read()
    for (const end = this.script.at + ms; this.script.at < end; ) {
      this.script.at = Math.min(end, this.script.at + 100)
      this.browsers.decide(this.script.at, this.script.at - 1)
    }
    return this
  }

  get views(): (BrowserView | null)[] {
    return this.rows.map(({ record }) => record.browser)
  }
  /** What each row is, and what it is linked with. */
  get links(): string[] {
    return this.rows.map(({ record: { seq, source, path, browser } }: Row) => {
      const { ambiguous, resends, resent, requestId } = browser ?? {}
      const parts = [
        `${seq} ${source} ${path}`,
        requestId && `is ${requestId}`,
        ambiguous && `or ${ambiguous}`,
        resends && `resends ${resends}`,
        resent !== undefined && `resent ${resent}`,
      ]
      return parts.filter(Boolean).join(' ')
    })
  }
}
