/** What `redact` of everything that is read hides. Secrets are hidden where they are known to stand, not wherever else they occur. */
import { join } from 'node:path'
import type { Cookie } from '../../sdk/cookie/cookie.ts'
import { invalidParams, unavailable } from '../../sdk/errors.ts'
import { limits } from '../../sdk/limits.ts'
import type { Exchange, Headers, Message, Part } from '../../sdk/model.ts'
import { type Pseudonym, pseudonymKey, pseudonyms } from '../../sdk/redaction/pseudonyms.ts'
import type { Redactor } from '../../sdk/redaction/redactor.ts'
import { redactorsFor } from '../../sdk/redaction/redactors.ts'
import type { Redact } from '../../sdk/redaction/settings.ts'
import type { BodyRange, Content } from './body-reader.ts'
import type { ShownTexts } from './index/searchable-text.ts'
import type { Reader } from './reader.ts'
import type { CookieChangesSlice } from './surface.ts'

const unread = { request: null, response: null }

export class RedactedReads {
  readonly #keyFile: string
  #pseudonym: Pseudonym | null = null
  /** Of the last rules: they come with every page again. */
  #last: { key: string; redactors: readonly Redactor[] } | null = null
  /** The body that was redacted last: its ranges are read one after the other. */
  #lastBody: { reader: Reader; key: string; data: Uint8Array } | null = null

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

  /** Values of cookies, as in the Cookie field that sends them. */
  cookieChanges(slice: CookieChangesSlice, redact: Redact = 'off'): CookieChangesSlice {
    if (redact === 'off') return slice
    const redactors = this.#redactors(redact)
    const hidden = (cookie: Cookie): Cookie => {
      const pair = `${cookie.name}=${cookie.value}`
      const fields = redactors.reduce<Headers>((sofar, redactor) => redactor.fields(sofar), [['Cookie', pair]])
      const [[, field]] = fields as [Headers[number]]
      return { ...cookie, value: field.startsWith(`${cookie.name}=`) ? field.slice(cookie.name.length + 1) : field }
    }
    return { ...slice, items: slice.items.map((change) => ({ ...change, cookie: change.cookie && hidden(change.cookie) })) }
  }

  /**
   * A range of the redacted body. Rejects as BodyReader.content does; -32602 redactNeedsDecode; 1005 leftOutByRedaction: it cannot be read as what it says to
   * be, has more than 16 MiB, or is left out by the rules.
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
    const { size, ended, truncated, range: read } = await this.content(reader, seq, part, redact)
    const data = read(offset, length)
    return { data, size, eof: ended && offset + data.length >= size, truncated }
  }

  /** A whole body, decoded. Rejects as BodyReader.content does; 1005 leftOutByRedaction. */
  async content(reader: Reader, seq: number, part: Part, redact: Redact = 'off'): Promise<Content> {
    const content = await reader.content(seq, part)
    if (redact === 'off') return content
    if (content.size > limits.redactedBodyBytes)
      throw unavailable(
        'leftOutByRedaction',
        `the body has ${content.size} bytes, and those of more than 16 MiB are not looked into for secrets: read it without redact, if you may`,
      )
    const key = `${seq} ${part} ${content.size} ${JSON.stringify(redact)}`
    if (this.#lastBody?.reader !== reader || this.#lastBody.key !== key) {
      const data = this.#body(content.range(0, content.size), content.headers, redact)
      if (data === null)
        throw unavailable('leftOutByRedaction', 'the body cannot be looked into for secrets: read it without redact, if you may')
      this.#lastBody = { reader, key, data }
    }
    const { data } = this.#lastBody
    return { ...content, size: data.length, range: (offset, length) => data.subarray(offset, offset + length) }
  }

  /** What a search sees; null: everything. */
  texts(redact: Redact = 'off'): ShownTexts | null {
    if (redact === 'off') return null
    const redactors = this.#redactors(redact)
    return {
      url: (url) => redactors.reduce((sofar, redactor) => redactor.url(sofar), url),
      fields: (fields) => redactors.reduce((sofar, redactor) => redactor.fields(sofar), fields),
      body: (bytes, headers) => this.#body(bytes, headers, redact),
      message: (text) => redactors.reduce((sofar, redactor) => redactor.messageText(sofar), text),
    }
  }

  pathKeys(keys: (string | null)[], redact: Redact = 'off'): (string | null)[] {
    if (redact === 'off') return keys
    const scheme = 'http://'
    const hidden = (key: string) => this.#redactors(redact).reduce((sofar, redactor) => redactor.url(sofar), scheme + key)
    return keys.map((key) => key && hidden(key).slice(scheme.length))
  }

  #body(bytes: Uint8Array, headers: Headers, redact: Exclude<Redact, 'off'>): Uint8Array | null {
    return this.#redactors(redact).reduce<Uint8Array | null>((sofar, redactor) => redactor.body(sofar, headers), bytes)
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
