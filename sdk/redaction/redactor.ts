/** Takes secrets out of a copy of an exchange. Pure: what is given is left as it is. */
import { isUtf8 } from 'node:buffer'
import { bodyText } from '../body-text.ts'
import type { BrowserView } from '../browser-view.ts'
import { fieldValue } from '../field-value.ts'
import { MediaTypes } from '../media-type.ts'
import type { Exchange, Headers, Message, Request, Response } from '../model.ts'
import type { FilteredExchange } from '../plugin.ts'
import { replaceApiKeys } from './api-keys.ts'
import { mayHoldCompressed, type Replaced, replaceInCompressed } from './compressed.ts'
import { replaceInEvents } from './event-stream.ts'
import { type JsonPath, jsonPath } from './json-paths.ts'
import { mayHoldKey, replaceInJson } from './json-values.ts'
import { replaceInParts } from './multipart-values.ts'
import { type Names, namesOf, orInBrackets, plainKey } from './names.ts'
import { replaceInPairs } from './pairs.ts'
import type { Pseudonym } from './pseudonyms.ts'
import { SharedResults } from './shared-results.ts'
import { replaceWebTokens } from './web-tokens.ts'
import { replaceInXml } from './xml-values.ts'

/** What is secret; names ignore case. `*` stands for any characters in them. */
export interface RedactionRules {
  /** Header and trailer fields, of requests and responses. */
  headers?: readonly string[]
  /** Parameters of the URL's query. */
  query?: readonly string[]
  /** In Cookie and Set-Cookie fields; a cookie's attributes stay. */
  cookies?: readonly string[]
  /** Paths into bodies that are JSON. */
  json?: readonly string[]
  /** Fields of bodies that are `application/x-www-form-urlencoded` or `multipart/form-data`. */
  form?: readonly string[]
  /**
   * Names with a secret value wherever names have values: in queries and forms, in elements and attributes of XML, and in JSON at any depth, where
   * all texts and numbers below are meant. `-`, `_` and `.` in names do not count.
   */
  keys?: readonly string[]
  /** User names and passwords in URLs, and JSON Web Tokens wherever they stand. */
  tokens?: boolean
  /** All header fields are secret but those that say nothing of a user. */
  harmlessHeadersOnly?: boolean
  /** Bodies that are neither forms nor JSON. */
  otherBodies?: 'leave out'
}

const types = new MediaTypes()
/** They repeat URLs of other exchanges. */
const urlFields = new Set(['referer', 'location', 'content-location'])
const userInfo = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#@]+)@/i
/** A query, a fragment, or a user before the host. */
const mayBeSecretOfUrl = /[?#]|:\/\/[^/\s]*@/
/** Of one text in another: a URL in a parameter, JSON in a text of JSON. */
const mostNesting = 4
const beginsAsUrl = /^(?:[a-z][a-z0-9+.-]*:)?\/|^\?/i
const beginsAsJson = /^[\s\x1e]*[[{]/
/** RFC 3986 section 3.3; `;jsessionid=...` */
const pathParameter = /;([^;=/?#]*)=([^;/?#]*)/g
const harmless =
  /^(?::\w+|accept(?:-.*)?|age|allow|alt-svc|cache-control|connection|content-(?:encoding|language|length|range|type)|date|expires|host|keep-alive|last-modified|priority|range|retry-after|sec-fetch-.*|server|te|trailer|transfer-encoding|upgrade|vary|via)$/

export class Redactor {
  readonly #pseudonym: Pseudonym
  readonly #headers: Names
  readonly #query: Names
  readonly #cookies: Names
  readonly #form: Names
  readonly #json: readonly JsonPath[]
  readonly #keys: Names
  readonly #looksIntoUrls: boolean
  readonly #looksIntoJson: boolean
  readonly #looksIntoBodies: boolean
  readonly #tokens: boolean
  readonly #otherBodies: RedactionRules['otherBodies']
  readonly #fields = new SharedResults<Headers>()

  constructor(rules: RedactionRules, pseudonym: Pseudonym) {
    const { headers, query, cookies, json = [], form = [], keys = [], tokens = false, harmlessHeadersOnly, otherBodies } = rules
    const isKey = namesOf(keys, plainKey)
    const either = (names: Names): Names => orInBrackets(keys.length === 0 ? names : (name) => names(name) || isKey(name))
    this.#pseudonym = pseudonym
    this.#headers = harmlessHeadersOnly ? (name) => !harmless.test(name) : namesOf(headers)
    this.#query = either(namesOf(query))
    this.#cookies = namesOf(cookies)
    this.#form = either(namesOf(form))
    this.#json = json.map(jsonPath)
    this.#keys = isKey
    this.#tokens = tokens
    this.#otherBodies = otherBodies
    this.#looksIntoUrls = (query !== undefined && query.length > 0) || keys.length > 0
    this.#looksIntoJson = json.length > 0 || keys.length > 0
    this.#looksIntoBodies = this.#looksIntoJson || form.length > 0 || tokens || otherBodies !== undefined
  }

  /** All but its messages; the same exchange when there is nothing to hide in it. */
  redact<Given extends Omit<FilteredExchange, 'messages'>>(exchange: Given): Given {
    return this.heads(this.bodies(exchange))
  }

  /** All but its bodies and messages; the same exchange when there is nothing to hide in it. */
  heads<Given extends Exchange>(exchange: Given): Given {
    const request = this.#request(exchange.request)
    const response = exchange.response && this.#response(exchange.response)
    const browser = exchange.browser && this.#view(exchange.browser)
    const isSame = request === exchange.request && response === exchange.response && browser === exchange.browser
    return isSame ? exchange : { ...exchange, request, response, ...(browser && { browser }) }
  }

  /** Pages, frames, scripts and workers have URLs. */
  #view(view: BrowserView): BrowserView {
    const { page, worker, initiator, frame } = view
    const after: BrowserView = { ...view }
    if (page !== undefined) after.page = this.url(page)
    if (worker !== undefined) after.worker = this.url(worker)
    if (initiator?.url !== undefined) after.initiator = { ...initiator, url: this.url(initiator.url) }
    if (frame?.url !== undefined) after.frame = { ...frame, url: this.url(frame.url) }
    const isSame =
      after.page === page && after.worker === worker && after.initiator?.url === initiator?.url && after.frame?.url === frame?.url
    return isSame ? view : after
  }

  /** All but its heads and messages; the same exchange when there is nothing to hide in it. */
  bodies<Given extends Omit<FilteredExchange, 'messages'>>(exchange: Given): Given {
    const before = exchange.bodies
    const request = this.body(before.request, exchange.request.headers)
    const response = this.body(before.response, exchange.response?.headers ?? [])
    return request === before.request && response === before.response ? exchange : { ...exchange, bodies: { request, response } }
  }

  #request(request: Request): Request {
    const url = this.url(request.url)
    const headers = this.fields(request.headers)
    const trailers = this.fields(request.trailers)
    const isSame = url === request.url && headers === request.headers && trailers === request.trailers
    return isSame ? request : { ...request, url, headers, trailers }
  }

  #response(response: Response): Response {
    const headers = this.fields(response.headers)
    const trailers = this.fields(response.trailers)
    const informational = response.informational.map((one) => {
      const fields = this.fields(one.headers)
      return fields === one.headers ? one : { ...one, headers: fields }
    })
    const isSame = informational.every((one, index) => one === response.informational[index])
    if (isSame && headers === response.headers && trailers === response.trailers) return response
    return { ...response, headers, trailers, informational }
  }

  /** Everything but the values stays byte for byte. */
  url(url: string): string {
    const shown = this.#url(url, 0)
    return this.#tokens ? this.text(shown) : shown
  }

  #url(url: string, nesting: number): string {
    const named = this.#tokens ? url.replace(userInfo, (_, scheme, user) => `${scheme}${this.#pseudonym(user)}@`) : url
    if (!this.#looksIntoUrls) return named
    const found = named.search(/[?#]/)
    const start = found < 0 ? named.length : found + 1
    return this.#path(named.slice(0, start)) + this.#urlPairs(named.slice(start), nesting)
  }

  #path(path: string): string {
    if (!path.includes(';')) return path
    return path.replace(pathParameter, (whole, name: string, value: string) =>
      value !== '' && this.#query(name) ? `;${name}=${this.#pseudonym(value)}` : whole,
    )
  }

  /** The fragment too: OAuth's implicit grant answers there (RFC 6749 section 4.2.2). */
  #urlPairs(text: string, nesting: number): string {
    return text
      .split('#')
      .map((pairs) => this.#pairs(pairs, this.#query, nesting))
      .join('#')
  }

  /** A parameter's value that may be a URL, JSON, or parameters again. */
  #inside(text: string, nesting: number): string {
    if (nesting > mostNesting) return text
    if (beginsAsJson.test(text)) return this.#nestedJson(text, nesting)
    if (!this.#looksIntoUrls) return text
    return beginsAsUrl.test(text) ? this.#url(text, nesting) : this.#urlPairs(text, nesting)
  }

  /** Any text: tokens that show by themselves, and what is compressed in it, in base64. */
  text(text: string): string {
    const shown = this.#withoutTokens(text)
    return this.#looksIntoBodies && mayHoldCompressed(shown) ? this.#compressed(shown).text : shown
  }

  #withoutTokens(text: string): string {
    return this.#tokens ? replaceWebTokens(replaceApiKeys(text, this.#pseudonym), this.#pseudonym) : text
  }

  /** Nobody says what was compressed. */
  #compressed(text: string): Replaced {
    return replaceInCompressed(text, (bytes) => this.#bodyContent(bytes, []))
  }

  /** The same message when there is nothing to hide in it. */
  message(message: Message): Message {
    const { text, data } = message
    if (text !== undefined) {
      const after = this.messageText(text)
      return after === text ? message : { ...message, text: after, size: Buffer.byteLength(after) }
    }
    if (data === undefined || message.type === 'close') return message
    const bytes = Buffer.from(data, 'base64')
    const shown = isUtf8(bytes) ? Buffer.from(this.#content(bytes.toString())) : bytes
    const after = this.#looksIntoBodies ? this.#bytes(shown) : shown
    if (after === null) return { ...message, data: '', size: 0, truncated: true }
    return bytes.equals(after) ? message : { ...message, data: Buffer.from(after).toString('base64'), size: after.length }
  }

  messageText(text: string): string {
    return this.text(this.#content(text))
  }

  /** The same list when there is nothing to hide in it. */
  messages<List extends readonly Message[] | null>(messages: List): List | Message[] {
    if (messages === null) return messages
    const redacted = messages.map((message) => this.message(message))
    return redacted.every((message, index) => message === messages[index]) ? messages : redacted
  }

  /** Of a message, or of a body that does not say to be JSON: JSON where it is (browsers send it as text/plain, too), else any text. */
  #content(text: string): string {
    return this.#withoutTokens(this.#jsonText(text, false) ?? text)
  }

  /** The same list when there is nothing to hide in it. */
  fields(fields: Headers): Headers {
    return fields.length === 0 ? fields : this.#fields.of(fields, (each) => this.#hidden(each))
  }

  #hidden(fields: Headers): Headers {
    let changed = false
    const redacted = fields.map(([name, value]): [string, string] => {
      const after = this.#field(name.toLowerCase(), value)
      changed ||= after !== value
      return [name, after]
    })
    return changed ? redacted : fields
  }

  /** A body that cannot be read as what it says to be may hold the secret in another way: then it is left out (null). */
  body(bytes: Uint8Array | null, headers: Headers): Uint8Array | null {
    if (bytes === null || bytes.length === 0 || !this.#looksIntoBodies) return bytes
    const shown = this.#bodyContent(bytes, headers)
    return shown && this.#bytes(shown)
  }

  /** What is compressed in them. null: it cannot be looked into. The same bytes when there is nothing to hide in it. */
  #bytes(bytes: Uint8Array): Uint8Array | null {
    const before = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    if (!mayHoldCompressed(before)) return bytes
    const { text, isWhole } = this.#compressed(before)
    if (!isWhole) return null
    return text === before ? bytes : Buffer.from(text, 'latin1')
  }

  #bodyContent(bytes: Uint8Array, headers: Headers): Uint8Array | null {
    const type = types.parse(fieldValue(headers, 'content-type') ?? '')
    const isForm = type.essence === 'application/x-www-form-urlencoded'
    const isJson = /^(?:application|text)\/json$|\+json$/.test(type.essence)
    if (type.essence === 'multipart/form-data') return this.#otherBodies ? null : this.#multipart(bytes, type.boundary)
    if (this.#otherBodies && !isForm && !isJson) return null
    const text = bodyText(bytes, type)
    if (text === null) return isForm || isJson ? null : this.#unnamedJson(bytes)
    const redacted = this.#bodyText(text, isForm, isJson, type.essence)
    if (redacted === null || redacted === text) return redacted === null ? null : bytes
    // The charset that it has or declares may be another one; a byte order mark comes before that.
    return Buffer.from(isUtf8(bytes) || redacted.startsWith('\ufeff') ? redacted : `\ufeff${redacted}`)
  }

  /** Uploads are JSON often enough that only say to be bytes. */
  #unnamedJson(bytes: Uint8Array): Uint8Array {
    if (!/^\s*[[{]/.test(Buffer.from(bytes.subarray(0, 16)).toString('latin1')) || !isUtf8(bytes)) return bytes
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
    const after = this.#content(text)
    return after === text ? bytes : Buffer.from(after)
  }

  #bodyText(text: string, isForm: boolean, isJson: boolean, essence: string): string | null {
    // curl says so of JSON as well.
    if (isForm) return this.#content(this.#pairs(text, this.#form, 0))
    if (essence === 'text/event-stream') return this.#withoutTokens(replaceInEvents(text, (data) => this.#jsonText(data, false) ?? data))
    if (/[/+]xml$/.test(essence)) return this.#content(replaceInXml(text, this.#keys, this.#pseudonym))
    if (!isJson) return this.#content(text)
    const redacted = this.#jsonText(text, true)
    return redacted === null ? null : this.#withoutTokens(redacted)
  }

  #multipart(bytes: Uint8Array, boundary: string | null): Uint8Array | null {
    return replaceInParts(bytes, boundary, (content, name, headers) => {
      if (this.#form(name)) return Buffer.from(this.#pseudonym(Buffer.from(content).toString()))
      const isNested = types.parse(fieldValue(headers, 'content-type') ?? '').essence.startsWith('multipart/')
      return this.#bodyContent(content, isNested ? [] : headers)
    })
  }

  #field(name: string, value: string): string {
    if (name === 'cookie') {
      const cookies = value.split(';').map((pair) => this.#cookie(pair))
      return this.#headers(name) ? this.#pseudonym(value) : cookies.join(';')
    }
    if (name === 'set-cookie' && !this.#headers(name)) {
      const [pair = '', ...attributes] = value.split(';')
      return [this.#cookie(pair), ...attributes].join(';')
    }
    if (this.#headers(name) && value !== '') return this.#credentials(value)
    return urlFields.has(name) ? this.url(value) : this.text(this.#urlsIn(value))
  }

  /** `<https://...>; rel=next`, `5; url=https://...` */
  #urlsIn(value: string): string {
    if (!this.#looksIntoUrls || !mayBeSecretOfUrl.test(value)) return value
    return value.replace(/[^\s<>"]+/g, (word) => (mayBeSecretOfUrl.test(word) ? this.#url(word, 0) : word))
  }

  /** `Bearer abc`: the scheme is no secret, and the token has its name alone, as it may stand elsewhere. */
  #credentials(value: string): string {
    const [, scheme = '', secret = value] = /^(bearer +|basic +|token +)(.+)$/i.exec(value) ?? []
    return scheme + this.#pseudonym(secret)
  }

  #cookie(pair: string): string {
    // A cookie without a name is a value alone (RFC 6265bis section 5.6).
    const start = pair.indexOf('=') + 1
    if (!this.#cookies(pair.slice(0, Math.max(0, start - 1)).trim())) return pair
    const secret = pair.slice(start).trim().replace(/^"|"$/g, '')
    const at = pair.indexOf(secret, start)
    return secret === '' ? pair : pair.slice(0, at) + this.#pseudonym(secret) + pair.slice(at + secret.length)
  }

  #pairs(text: string, isSecret: Names, nesting: number): string {
    return replaceInPairs(text, {
      isSecret,
      replace: this.#pseudonym,
      inside: (value) => this.#inside(value, nesting + 1),
    })
  }

  /** null: it says to be JSON and is none. */
  #jsonText(text: string, isJson: boolean): string | null {
    if (!this.#looksIntoJson || (!isJson && !beginsAsJson.test(text))) return text
    if (isJson && !isJsonOrLines(text)) return null
    return this.#json.length > 0 || mayHoldKey(text, this.#keys) ? this.#inJson(text, this.#json, 0) : text
  }

  /** Paths are of whole bodies. */
  #nestedJson(text: string, nesting: number): string {
    return mayHoldKey(text, this.#keys) ? this.#inJson(text, [], nesting) : text
  }

  #inJson(text: string, paths: readonly JsonPath[], nesting: number): string {
    const inText = (inner: string) => (nesting < mostNesting && beginsAsJson.test(inner) ? this.#nestedJson(inner, nesting + 1) : inner)
    return replaceInJson(text, { paths, isKey: this.#keys, replace: this.#pseudonym, inText })
  }
}

function isJsonOrLines(text: string): boolean {
  const isJson = (part: string): boolean => {
    try {
      JSON.parse(part)
      return true
    } catch {
      return false
    }
  }
  const plain = text.replace(/^\ufeff/, '')
  return isJson(plain) || plain.split('\n').every((line) => line.trim() === '' || isJson(line))
}
