/**
 * An HTTP endpoint: each batch is POSTed, again and again until it is answered 2xx, so nothing is lost while the endpoint is away. An answer that
 * got lost makes a batch come twice; Weir-Since and Weir-Clock tell.
 */
import { setTimeout } from 'node:timers/promises'
import { unavailable } from '../../../sdk/errors.ts'
import { said } from '../failure.ts'
import { type Answer, post } from './post.ts'
import { type Sink, Undelivered } from './sink.ts'

/** The first wait before a repetition, ms; each is twice the one before. */
const firstWaitMs = 250
const longestWaitMs = 30_000
/** An endpoint that has not answered by then is asked again, ms. */
const answerMs = 60_000
/** Answers beside 5xx that may be others later: RFC 9110 sections 15.5.9 and 15.5.22, RFC 8470 section 5.2, RFC 6585 section 4. */
const passing = new Set([408, 421, 425, 429])
/** Of an answer that refuses, characters. */
const shownCharacters = 200

export interface EndpointOptions {
  url: string
  headers: readonly (readonly [string, string])[]
  mediaType: string
  sessionId: string
  /** Nothing is repeated any more. */
  cancelled: AbortSignal
  /** Nobody waits any longer for an answer. */
  late: AbortSignal
  /** Hears why nothing is delivered for the moment; null: it is again. */
  trouble(words: string | null): void
}

/** The wait before the next try, of which up to half is left to chance, so that many do not come at once. */
const waitMs = (tries: number): number => Math.min(longestWaitMs, firstWaitMs * 2 ** tries) * (0.5 + Math.random() / 2)

export class EndpointSink implements Sink {
  readonly #options: EndpointOptions
  readonly #url: URL
  readonly #headers: Headers

  constructor(options: EndpointOptions) {
    this.#options = options
    const url = new URL(options.url)
    this.#headers = new Headers(options.headers.map(([name, value]) => [name, value]))
    this.#headers.set('Content-Type', options.mediaType)
    this.#headers.set('Weir-Session', options.sessionId)
    // A name and a password in a URL are sent as here, and nowhere else.
    if (url.username !== '' && !this.#headers.has('Authorization'))
      this.#headers.set(
        'Authorization',
        `Basic ${Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString('base64')}`,
      )
    url.username = ''
    url.password = ''
    // The body says how long it is.
    this.#headers.delete('Transfer-Encoding')
    this.#url = url
  }

  async deliver(bytes: Buffer, from: string, clock: string): Promise<void> {
    if (bytes.length === 0) return
    this.#headers.set('Weir-Since', from)
    this.#headers.set('Weir-Clock', clock)
    for (let tries = 0; ; tries++) {
      const trouble = await this.#post(bytes)
      if (trouble === null) {
        if (tries > 0) this.#options.trouble(null)
        return
      }
      if (this.#options.cancelled.aborted) throw new Undelivered()
      const wait = Math.max(waitMs(tries), trouble.retryAfterMs)
      this.#options.trouble(trouble.words)
      await setTimeout(wait, undefined, { signal: this.#options.cancelled }).catch(() => undefined)
      if (this.#options.cancelled.aborted) throw new Undelivered()
    }
  }

  /** null: it is delivered. @throws 1005 endpointRefused */
  async #post(body: Buffer): Promise<{ words: string; retryAfterMs: number } | null> {
    let answer: Answer
    try {
      const signal = AbortSignal.any([this.#options.late, AbortSignal.timeout(answerMs)])
      answer = await post(this.#url, this.#headers, body, signal)
    } catch (error) {
      return { words: whyNot(error), retryAfterMs: 0 }
    }
    const { status } = answer
    if (status >= 200 && status < 300) return null
    const words = `the endpoint answered ${status} ${said(answer.reason)}`.trimEnd()
    if (status >= 500 || passing.has(status)) return { words, retryAfterMs: retryAfter(answer.retryAfter) }
    const text = said(answer.text.slice(0, shownCharacters))
    const advice = status >= 300 && status < 400 ? 'name the URL that it leads to' : 'correct the URL or what is sent with it (headers)'
    throw unavailable('endpointRefused', `${words}${text === '' ? '' : `: ${text}`}; ${advice}`)
  }
}

/** RFC 9110 section 10.2.3: seconds; dates are not looked at. */
const retryAfter = (value: string | null): number => (value !== null && /^\d{1,4}$/.test(value) ? Number(value) * 1000 : 0)

function whyNot(error: unknown): string {
  const { name, code } = error as NodeJS.ErrnoException
  if (name === 'TimeoutError') return `the endpoint did not answer within ${answerMs / 1000} s`
  return `the endpoint cannot be reached (${code ?? said(error)})`
}
