/** The outer structure, written as it goes: memory holds one entry, and of a large body only a piece. */
import type { Writable } from 'node:stream'
import type { ExportedExchange } from '../../../sdk/plugin.ts'
import { PacedText } from '../text/paced-text.ts'
import type { UriForm } from '../text/uri.ts'
import { type BodyRequest, emptyBody, type HarBody, harBody } from './body.ts'
import { entryJson, requestJson, responseJson, webSocketMessageJson } from './entry.ts'
import { formFields } from './form-fields.ts'
import { type HeaderFacts, HeaderReader } from './header-facts.ts'
import { SecurityDetails } from './security-details.ts'

interface WriterOptions {
  /** Larger bodies are left out; -1: all are. */
  maxBodyBytes: number
  urls: UriForm
  /** Of the exporter. */
  version: string
}

const formType = 'application/x-www-form-urlencoded'

export class HarWriter {
  readonly #text: PacedText
  #options: WriterOptions
  #headers = new HeaderReader()
  readonly #security = new SecurityDetails()

  constructor(out: Writable, options: WriterOptions) {
    this.#text = new PacedText(out)
    this.#options = options
  }

  /** @param leaveOut called for each exchange that is no entry: a tunnel is no HTTP exchange. */
  async write(exchanges: AsyncIterable<ExportedExchange>, leaveOut: () => void): Promise<void> {
    const creator = { name: 'weir', version: this.#options.version }
    this.#text.add(`{"log":{"version":"1.2","creator":${JSON.stringify(creator)},"pages":[],"entries":[`)
    await this.#text.flush()
    let between = '\n'
    let tunnels = 0
    for await (const exchange of exchanges) {
      if (exchange.kind === 'tunnel') {
        tunnels++
        leaveOut()
      } else {
        this.#text.add(between)
        between = ',\n'
        await this.#entry(exchange)
        if (this.#text.isFull) await this.#text.flush()
      }
    }
    if (tunnels > 0) this.#text.add(`\n],"comment":"left out: ${tunnels} tunnel${tunnels > 1 ? 's' : ''} whose inside was not read"}}\n`)
    else this.#text.add('\n]}}\n')
    await this.#text.flush()
  }

  async #entry(exchange: ExportedExchange): Promise<void> {
    const { request, response } = exchange
    const sent = this.#headers.read(request.headers)
    const received = response && this.#headers.read(response.headers)
    this.#text.add(`${entryJson(exchange, this.#security)},"request":${requestJson(exchange, sent, this.#options.urls)}`)
    // What follows the handshake of a WebSocket is no body.
    if (request.bodySize > 0 && exchange.kind === 'http') {
      const body = await harBody(this.#body(exchange, 'request', request.bodySize, sent))
      this.#text.add(`,"postData":${postDataJson(body, sent)}`)
      await this.#content({ ...body, text: body.text ?? '' })
    }
    this.#text.add(`},"response":${responseJson(exchange, received)},"content":`)
    const wireBytes = exchange.kind === 'http' ? (response?.bodySize ?? 0) : 0
    const body = received && wireBytes > 0 ? await harBody(this.#body(exchange, 'response', wireBytes, received)) : emptyBody
    this.#text.add(contentJson(body, wireBytes, received))
    const written = this.#content(body)
    if (written) await written
    this.#text.add('}')
    if (exchange.kind === 'websocket') await this.#messages(exchange)
    this.#text.add('}')
  }

  async #messages(exchange: ExportedExchange): Promise<void> {
    let between = ',"_webSocketMessages":['
    for await (const message of exchange.messages()) {
      const json = webSocketMessageJson(message)
      if (json === null) continue
      this.#text.add(between + json)
      between = ','
      if (this.#text.isFull) await this.#text.flush()
    }
    this.#text.add(between === ',' ? ']' : `${between}]`)
  }

  #body(exchange: ExportedExchange, part: 'request' | 'response', wireBytes: number, headers: HeaderFacts): BodyRequest {
    const decode = part === 'response' && headers.encoded
    return { exchange, part, wireBytes, headers, decode, maximum: this.#options.maxBodyBytes }
  }

  /** The last member of the object that is open, and its end. A promise only where there is something to wait for. */
  #content({ text, base64 }: HarBody): Promise<void> | undefined {
    if (text !== null && typeof text === 'object') return this.#pieces(text)
    if (text === null) this.#text.add('}')
    else this.#text.add(base64 ? `,"text":"${text}"}` : `,"text":${JSON.stringify(text)}}`)
    return undefined
  }

  async #pieces(pieces: AsyncIterable<string>): Promise<void> {
    this.#text.add(',"text":"')
    for await (const piece of pieces) {
      this.#text.add(piece)
      await this.#text.flush()
    }
    this.#text.add('"}')
  }
}

const more = ({ base64, comment, encoded }: HarBody) =>
  (base64 ? ',"encoding":"base64"' : '') +
  (encoded ? ',"_contentEncoded":true' : '') +
  (comment === null ? '' : `,"comment":${JSON.stringify(comment)}`)

function postDataJson(body: HarBody, { contentType, mediaType }: HeaderFacts): string {
  const form = mediaType.essence === formType && !body.base64 && typeof body.text === 'string'
  const params = form ? JSON.stringify(formFields(body.text as string)) : '[]'
  return `{"mimeType":${JSON.stringify(contentType)},"params":${params}${more(body)}`
}

function contentJson(body: HarBody, wireBytes: number, headers: HeaderFacts | null): string {
  const saved = headers?.encoded && wireBytes > 0 && body.size >= 0 && body.comment === null
  const compression = saved ? `,"compression":${body.size - wireBytes}` : ''
  return `{"size":${body.size},"mimeType":${JSON.stringify(headers?.contentType || 'x-unknown')}${compression}${more(body)}`
}
