/** What `redact` of exchange/list, get, readBody and readMessages hides. Secrets are hidden where they are known to stand, not wherever else they occur. */
import { join } from 'node:path'
import { invalidParams, unavailable } from '../../sdk/errors.ts'
import type { Exchange, Message, Part } from '../../sdk/model.ts'
import { type Pseudonym, pseudonymKey, pseudonyms } from '../../sdk/redaction/pseudonyms.ts'
import type { Redactor } from '../../sdk/redaction/redactor.ts'
import { redactorsFor } from '../../sdk/redaction/redactors.ts'
import type { Redact } from '../../sdk/redaction/settings.ts'
import type { BodyRange } from './body-reader.ts'
import type { Reader } from './reader.ts'

const unread = { request: null, response: null }

export class RedactedReads {
  readonly #keyFile: string
  #pseudonym: Pseudonym | null = null
  /** Of the last rules: they come with every page again. */
  #last: { key: string; redactors: readonly Redactor[] } | null = null

  /** @param home the names are those of the `redact` filter and of exports, whose key is there */
  constructor(home: string) {
    this.#keyFile = join(home, 'plugins', 'redact', 'key')
  }

  exchange(exchange: Exchange, redact: Redact = 'off'): Exchange {
    if (redact === 'off') return exchange
    const given = { ...exchange, bodies: unread }
    const { bodies: _, ...redacted } = this.#redactors(redact).reduce((sofar, redactor) => redactor.redact(sofar), given)
    return redacted
  }

  exchanges<Page extends { items: Exchange[] }>(page: Page, redact: Redact = 'off'): Page {
    return redact === 'off' ? page : { ...page, items: page.items.map((item) => this.exchange(item, redact)) }
  }

  messages<Page extends { items: Message[] }>(page: Page, redact: Redact = 'off'): Page {
    if (redact === 'off') return page
    const hidden = (message: Message) => this.#redactors(redact).reduce((sofar, redactor) => redactor.message(sofar), message)
    // What was decoded of it may hold what is hidden in it.
    return { ...page, items: page.items.map(({ decoded: _, ...message }) => hidden(message)) }
  }

  /**
   * A range of the redacted body. Rejects as BodyReader.content does; -32602 redactNeedsDecode; 1005 leftOutByRedaction: it cannot be read as what it says to
   * be, or is left out by the rules.
   */
  async body(
    reader: Reader,
    seq: number,
    part: Part,
    range: { offset: number; length: number; decode: boolean },
    redact: Redact = 'off',
  ): Promise<BodyRange> {
    const { offset, length, decode } = range
    if (redact === 'off') return reader.readBody(seq, part, offset, length, decode)
    if (!decode) throw invalidParams('redactNeedsDecode', 'redact needs decode: true, for secrets are found in decoded bodies only')
    const { headers, size, ended, truncated, range: read } = await reader.content(seq, part)
    const whole = read(0, size)
    const body = this.#redactors(redact).reduce<Uint8Array | null>((sofar, redactor) => redactor.body(sofar, headers), whole)
    if (body === null)
      throw unavailable('leftOutByRedaction', 'the body cannot be looked into for secrets: read it without redact, if you may')
    const data = body.subarray(offset, offset + length)
    return { data, size: body.length, eof: ended && offset + data.length >= body.length, truncated }
  }

  #redactors(redact: Exclude<Redact, 'off'>): readonly Redactor[] {
    const key = JSON.stringify(redact)
    if (this.#last?.key !== key) {
      this.#pseudonym ??= pseudonyms(pseudonymKey(this.#keyFile))
      this.#last = { key, redactors: redactorsFor(redact, this.#pseudonym) }
    }
    return this.#last.redactors
  }
}
