/** Answers one request with why its origin cannot be reached. The request is read and put on record first. */
import type { Duplex } from 'node:stream'
import type { Failure } from '../../sdk/model.ts'
import { Http1RequestDecoder, type RequestHead } from '../capture/decoders/http1.ts'
import { Boundaries } from './boundaries.ts'
import type { ConnectionCopy } from './connection-copy.ts'
import { failurePage, farewell, type PageWish, plainWish, wishOf } from './own-pages.ts'

/** Of the request, bytes: more is not waited for. */
const recordedBytes = 256 * 1024
/** How long the rest of a request may take once its head is there, ms. */
const bodyMs = 1000

export interface Refusal {
  stream: Duplex
  copy: ConnectionCopy
  failure: Failure
  /** Bytes that have been read already. */
  first: Buffer
  /** What is put on record of a head. */
  recordedHead(head: RequestHead): Buffer
}

/** Ends with the client's connection closed, and its record too. */
export function refuseRequest(refusal: Refusal): void {
  new RefusedRequest(refusal).start(refusal.first)
}

class RefusedRequest extends Boundaries<RequestHead> {
  #refusal: Refusal
  #decoder = new Http1RequestDecoder(this)
  #wish: PageWish = plainWish
  #timer: NodeJS.Timeout | null = null
  /** What came before the head was whole. */
  #headless: Buffer[] = []
  #seen = 0
  #bodyStart = 0
  #bodyEnd = -1
  #answered = false
  #read = (chunk: Buffer): void => this.#take(chunk)
  #end = (): void => this.#clientEnded()

  constructor(refusal: Refusal) {
    super()
    this.#refusal = refusal
  }

  start(first: Buffer): void {
    const { stream, copy, failure } = this.#refusal
    stream.on('data', this.#read)
    stream.on('end', this.#end)
    stream.once('close', () => {
      if (this.#timer) clearTimeout(this.#timer)
      copy.close({ by: 'client', reset: false, failure })
    })
    if (first.length > 0) this.#take(first)
    stream.resume()
  }

  #take(chunk: Buffer): void {
    this.#seen += chunk.length
    this.#bodyStart = 0
    if (this.#timer === null) this.#headless.push(chunk)
    this.#decoder.push(chunk, 0)
    if (this.#timer !== null) {
      const end = this.#bodyEnd < 0 ? chunk.length : this.#bodyEnd
      if (this.#bodyStart < end) this.#refusal.copy.fromClient(chunk.subarray(this.#bodyStart, end))
    }
    if (this.#bodyEnd >= 0 || this.#seen > recordedBytes) this.#answer()
  }

  override onHead(head: RequestHead): void {
    this.#wish = wishOf(head.raw)
    this.#refusal.copy.fromClient(this.#refusal.recordedHead(head))
    this.#headless = []
    this.#bodyStart = this.#decoder.position
    this.#timer = setTimeout(() => this.#answer(), expectsContinue(head) ? 0 : bodyMs)
  }
  override onEnd(): void {
    this.#bodyEnd = this.#decoder.position
    this.#decoder.becomeOpaque()
  }
  override onViolation(): void {
    this.#bodyEnd = this.#decoder.position
  }

  #clientEnded(): void {
    if (this.#seen === 0) this.#refusal.stream.destroy()
    else this.#answer()
  }

  #answer(): void {
    if (this.#answered) return
    this.#answered = true
    const { stream, copy, failure } = this.#refusal
    if (this.#timer) clearTimeout(this.#timer)
    stream.off('data', this.#read)
    stream.off('end', this.#end)
    for (const chunk of this.#headless) copy.fromClient(chunk)
    copy.failed(failure)
    copy.close({ by: 'weir', reset: false })
    farewell(stream, failurePage(failure, this.#wish))
  }
}

/** Its body waits for an answer (RFC 9110 section 10.1.1). */
const expectsContinue = (head: RequestHead): boolean =>
  head.block.fields.some(([name, value]) => name.toLowerCase() === 'expect' && value.toLowerCase() === '100-continue')
