/** What an entry needs to know of a header block. */
import { type MediaType, MediaTypes } from '../../../sdk/media-type.ts'
import type { Headers } from '../../../sdk/model.ts'
import { requestCookies } from './cookies.ts'

export interface HeaderFacts {
  /** HAR's array, as JSON. */
  json: string
  /** The Content-Type field as sent, '' when there is none. */
  contentType: string
  mediaType: MediaType
  /** Content-Encoding names a coding. */
  encoded: boolean
  /** The Location field as sent, '' when there is none. */
  location: string
  /** There is a Cookie or Set-Cookie field. */
  cookies: boolean
  /** HAR's array of those in Cookie fields, as JSON. */
  requestCookies: string
}

/** Field names whose JSON is remembered. */
const rememberedMaximum = 4096

interface FieldName {
  /** Up to the value. */
  json: string
  lowerCase: string
}

export class HeaderReader {
  #types = new MediaTypes()
  #names = new Map<string, FieldName>()
  readonly #shared = new WeakMap<Headers, HeaderFacts>()

  /** What exchanges share is frozen, and read once. */
  read(headers: Headers): HeaderFacts {
    let facts = this.#shared.get(headers)
    if (facts !== undefined) return facts
    facts = this.#read(headers)
    if (Object.isFrozen(headers)) this.#shared.set(headers, facts)
    return facts
  }

  #read(headers: Headers): HeaderFacts {
    const facts: HeaderFacts = {
      json: '[',
      contentType: '',
      mediaType: this.#types.parse(''),
      encoded: false,
      location: '',
      cookies: false,
      requestCookies: '[]',
    }
    let between = ''
    for (const [name, value] of headers) {
      const field = this.#name(name)
      facts.json += between + field.json + JSON.stringify(value)
      between = '},'
      if (field.lowerCase !== '') this.#note(field.lowerCase, value, facts)
    }
    facts.json += between === '' ? ']' : '}]'
    if (facts.contentType !== '') facts.mediaType = this.#types.parse(facts.contentType)
    if (facts.cookies) facts.requestCookies = JSON.stringify(requestCookies(headers))
    return facts
  }

  #note(name: string, value: string, facts: HeaderFacts): void {
    if (name === 'content-type') facts.contentType ||= value
    else if (name === 'location') facts.location ||= value
    else if (name === 'content-encoding') facts.encoded ||= !/^(?:identity)?$/i.test(value)
    else facts.cookies = true
  }

  #name(name: string): FieldName {
    let known = this.#names.get(name)
    if (!known) {
      const lowerCase = name.toLowerCase()
      known = { json: `{"name":${JSON.stringify(name)},"value":`, lowerCase: noted.has(lowerCase) ? lowerCase : '' }
      if (this.#names.size >= rememberedMaximum) this.#names.clear()
      this.#names.set(name, known)
    }
    return known
  }
}

const noted = new Set(['content-type', 'content-encoding', 'location', 'cookie', 'set-cookie'])
