/** The report, written as it goes: memory holds some rows. */
import type { Writable } from 'node:stream'
import { bodyText } from '../../../sdk/body-text.ts'
import { fieldValue } from '../../../sdk/field-value.ts'
import { MediaTypes } from '../../../sdk/media-type.ts'
import type { Part, Session } from '../../../sdk/model.ts'
import type { ExportedExchange } from '../../../sdk/plugin.ts'
import { isCut } from '../text/cut.ts'
import { inertJson } from '../text/inert-json.ts'
import { PacedText } from '../text/paced-text.ts'
import { page } from './page.ts'

export interface ReportOptions {
  title: string
  /** Of each body so much is shown. */
  bodyCharacters: number
}

const rowsOfBlock = 200
/** Of all bodies together: a page must open. */
const allBodies = 64 * 1024 * 1024
/** Larger bodies are not decoded for the sake of their beginning. */
const decodedMaximum = 4 * 1024 * 1024

export class ReportWriter {
  #options: ReportOptions
  #types = new MediaTypes()
  #left = allBodies

  constructor(options: ReportOptions) {
    this.#options = options
  }

  async write(session: Session, exchanges: AsyncIterable<ExportedExchange>, out: Writable): Promise<void> {
    const about = `Recorded by weir from ${new Date(session.startedAt).toISOString()}`
    const { head, tail } = page(this.#options.title, about, { startedAt: session.startedAt })
    const text = new PacedText(out)
    text.add(head)
    let rows: string[] = []
    const block = () => `<script type="application/json" class="exchanges">[${rows.join(',\n')}]</script>\n`
    for await (const exchange of exchanges) {
      rows.push(inertJson(await this.#row(exchange)))
      if (rows.length < rowsOfBlock) continue
      text.add(block())
      if (text.isFull) await text.flush()
      rows = []
    }
    text.add(block() + tail)
    await text.flush()
  }

  async #row(exchange: ExportedExchange): Promise<object> {
    const { seq, startedAt, durationMs, request, response, state, error, timings, kind } = exchange
    const failed = error ? `${error.reason}: ${error.message}` : state === 'aborted' || state === 'failed' ? state : ''
    return {
      seq,
      at: startedAt,
      ms: durationMs,
      method: request.method,
      url: request.url,
      host: /^[a-z]+:\/\/([^/?#]*)/i.exec(request.url)?.[1] ?? '',
      status: response?.status ?? 0,
      failed: kind === 'http' || error ? failed : '',
      sent: request.bodySize,
      received: response?.bodySize ?? 0,
      timings,
      requestHeaders: request.headers,
      responseHeaders: response?.headers ?? [],
      requestBody: await this.#body(exchange, 'request'),
      responseBody: await this.#body(exchange, 'response'),
    }
  }

  /** Its beginning, or why it is not shown, and whether it is whole. */
  async #body(exchange: ExportedExchange, part: Part): Promise<string> {
    if (exchange[part] === null || exchange.kind !== 'http' || this.#options.bodyCharacters === 0) return ''
    const shown = await this.#shown(exchange, part)
    return isCut(exchange, part) ? `${shown}\n(cut: not all of it is on record)`.trimStart() : shown
  }

  async #shown(exchange: ExportedExchange, part: Part): Promise<string> {
    const message = exchange[part]
    if (!message || message.bodySize === 0) return ''
    const type = this.#types.parse(fieldValue(message.headers, 'content-type') ?? '')
    if (!type.text && type.essence !== '') return `(${type.essence}, ${message.bodySize} bytes)`
    if (this.#left <= 0) return '(left out: the bodies before it fill the report)'
    if (message.bodySize > decodedMaximum) return `(left out: ${message.bodySize} bytes)`
    const decode = !/^(?:identity)?$/i.test(fieldValue(message.headers, 'content-encoding') ?? '')
    const bytes = await exchange.readBody(part, { decode }).catch(() => null)
    const text = bytes && bodyText(bytes, type)
    if (text === null) return `(${bytes ? 'binary' : 'not to be decoded'}, ${message.bodySize} bytes)`
    const shown = text.slice(0, this.#options.bodyCharacters)
    this.#left -= shown.length
    const more = shown.length < text.length ? `\n… ${text.length - shown.length} more characters` : ''
    return shown + more
  }
}
