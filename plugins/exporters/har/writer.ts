/** The outer structure, written as it goes: memory holds one entry, and of a large body only a piece. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { ExportedExchange } from '../../../sdk/plugin.ts'
import { type BodyRequest, emptyBody, type HarBody, harBody } from './body.ts'
import { entryJson, requestJson, responseJson } from './entry.ts'
import { type HeaderFacts, HeaderReader } from './header-facts.ts'
import { formFields, type UrlForm } from './url.ts'

interface WriterOptions {
  /** Larger bodies are left out; -1: all are. */
  maxBodyBytes: number
  urls: UrlForm
  /** Of the exporter. */
  version: string
}

const bufferedCharacters = 64 * 1024
const formType = 'application/x-www-form-urlencoded'

export class HarWriter {
  #out: Writable
  #options: WriterOptions
  #headers = new HeaderReader()
  #buffered = ''

  constructor(out: Writable, options: WriterOptions) {
    this.#out = out
    this.#options = options
  }

  /** @param leaveOut called for each exchange that is no entry: a tunnel is no HTTP exchange. */
  async write(exchanges: AsyncIterable<ExportedExchange>, leaveOut: () => void): Promise<void> {
    const creator = { name: 'weir', version: this.#options.version }
    this.#buffered = `{"log":{"version":"1.2","creator":${JSON.stringify(creator)},"pages":[],"entries":[`
    await this.#flush()
    let between = '\n'
    let tunnels = 0
    for await (const exchange of exchanges) {
      if (exchange.kind === 'tunnel') {
        tunnels++
        leaveOut()
      } else {
        this.#buffered += between
        between = ',\n'
        await this.#entry(exchange)
        if (this.#buffered.length > bufferedCharacters) await this.#flush()
      }
    }
    if (tunnels > 0) this.#buffered += `\n],"comment":"left out: ${tunnels} tunnel${tunnels > 1 ? 's' : ''} whose inside was not read"}}\n`
    else this.#buffered += '\n]}}\n'
    await this.#flush()
  }

  async #entry(exchange: ExportedExchange): Promise<void> {
    const { request, response } = exchange
    const sent = this.#headers.read(request.headers)
    const received = response && this.#headers.read(response.headers)
    this.#buffered += `${entryJson(exchange)},"request":${requestJson(exchange, sent, this.#options.urls)}`
    // What follows the handshake of a WebSocket is no body.
    if (request.bodySize > 0 && exchange.kind === 'http') {
      const body = await harBody(this.#body(exchange, 'request', request.bodySize, sent))
      this.#buffered += `,"postData":${postDataJson(body, sent)}`
      await this.#text({ ...body, text: body.text ?? '' })
    }
    this.#buffered += `},"response":${responseJson(exchange, received)},"content":`
    const wireBytes = exchange.kind === 'http' ? (response?.bodySize ?? 0) : 0
    const body = received && wireBytes > 0 ? await harBody(this.#body(exchange, 'response', wireBytes, received)) : emptyBody
    this.#buffered += contentJson(body, wireBytes, received)
    const written = this.#text(body)
    if (written) await written
    this.#buffered += '}}'
  }

  #body(exchange: ExportedExchange, part: 'request' | 'response', wireBytes: number, headers: HeaderFacts): BodyRequest {
    const decode = part === 'response' && headers.encoded
    return { exchange, part, wireBytes, headers, decode, maximum: this.#options.maxBodyBytes }
  }

  /** The last member of the object that is open, and its end. A promise only where there is something to wait for. */
  #text({ text, base64 }: HarBody): Promise<void> | undefined {
    if (text !== null && typeof text === 'object') return this.#pieces(text)
    if (text === null) this.#buffered += '}'
    else this.#buffered += base64 ? `,"text":"${text}"}` : `,"text":${JSON.stringify(text)}}`
    return undefined
  }

  async #pieces(pieces: AsyncIterable<string>): Promise<void> {
    this.#buffered += ',"text":"'
    for await (const piece of pieces) {
      this.#buffered += piece
      await this.#flush()
    }
    this.#buffered += '"}'
  }

  async #flush(): Promise<void> {
    const text = this.#buffered
    this.#buffered = ''
    if (!this.#out.write(text)) await once(this.#out, 'drain')
  }
}

const more = ({ base64, comment }: HarBody) =>
  (base64 ? ',"encoding":"base64"' : '') + (comment === null ? '' : `,"comment":${JSON.stringify(comment)}`)

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
