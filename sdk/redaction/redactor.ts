/** Takes secrets out of a copy of an exchange. Pure: what is given is left as it is. */
import { isUtf8 } from 'node:buffer'
import { bodyText } from '../body-text.ts'
import type { BrowserView } from '../browser-view.ts'
import { fieldValue } from '../field-value.ts'
import { MediaTypes } from '../media-type.ts'
import type { Exchange, Headers, Message, Request, Response } from '../model.ts'
import type { FilteredExchange } from '../plugin.ts'
import { mayHoldCompressed, type Replaced, replaceInCompressed } from './compressed.ts'
import { type JsonPath, jsonPath, mayHoldKey, replaceInJson, replaceUnderKeys } from './json-values.ts'
import type { Pseudonym } from './pseudonyms.ts'
import { SharedResults } from './shared-results.ts'
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

type Names = (name: string) => boolean

const types = new MediaTypes()
/** They repeat URLs of other exchanges. */
const urlFields = new Set(['referer', 'location', 'content-location'])

/** RFC 7515: three parts in base64url, of which the first begins with `{"`. */
const webToken = /\beyJ[\w-]{6,}\.[\w-]{6,}\.[\w-]*/g
const userInfo = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#@]+)@/i
const harmless =
  /^(?::\w+|accept(?:-.*)?|age|allow|alt-svc|cache-control|connection|content-(?:encoding|language|length|range|type)|date|expires|host|keep-alive|last-modified|priority|range|retry-after|sec-fetch-.*|server|te|trailer|transfer-encoding|upgrade|vary|via)$/

/** Answers are remembered: a session has few distinct names. */
function namesOf(names: readonly string[] = [], plain = (name: string) => name.toLowerCase()): Names {
  if (names.length === 0) return () => false
  const escaped = names.map((name) =>
    plain(name)
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*'),
  )
  const pattern = new RegExp(`^(?:${escaped.join('|')})$`, 's')
  const known = new Map<string, boolean>()
  return (name) => {
    let isSecret = known.get(name)
    if (isSecret === undefined) {
      isSecret = pattern.test(plain(name))
      if (known.size < 4096) known.set(name, isSecret)
    }
    return isSecret
  }
}

const plainKey = (name: string): string => name.toLowerCase().replace(/[-_.]/g, '')

export class Redactor {
  readonly #pseudonym: Pseudonym
  readonly #headers: Names
  readonly #query: Names
  readonly #cookies: Names
  readonly #form: Names
  readonly #json: readonly JsonPath[]
  readonly #keys: Names
  readonly #looksIntoJson: boolean
  readonly #looksIntoBodies: boolean
  readonly #tokens: boolean
  readonly #otherBodies: RedactionRules['otherBodies']
  readonly #fields = new SharedResults<Headers>()

  constructor(rules: RedactionRules, pseudonym: Pseudonym) {
    const { headers, query, cookies, json = [], form = [], keys = [], tokens = false, harmlessHeadersOnly, otherBodies } = rules
    const isKey = namesOf(keys, plainKey)
    const either = (names: Names): Names => (keys.length === 0 ? names : (name) => names(name) || isKey(name))
    this.#pseudonym = pseudonym
    this.#headers = harmlessHeadersOnly ? (name) => !harmless.test(name) : namesOf(headers)
    this.#query = either(namesOf(query))
    this.#cookies = namesOf(cookies)
    this.#form = either(namesOf(form))
    this.#json = json.map(jsonPath)
    this.#keys = isKey
    this.#tokens = tokens
    this.#otherBodies = otherBodies
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
    return this.#urlQuery(this.#tokens ? this.text(url.replace(userInfo, (_, scheme, user) => `${scheme}${this.#pseudonym(user)}@`)) : url)
  }

  /** The fragment too: OAuth's implicit grant answers there (RFC 6749 section 4.2.2). */
  #urlQuery(url: string): string {
    const start = url.search(/[?#]/)
    return start < 0 ? url : url.slice(0, start + 1) + this.#urlPairs(url.slice(start + 1))
  }

  #urlPairs(text: string): string {
    return text
      .split('#')
      .map((pairs) => this.#pairs(pairs, this.#query))
      .join('#')
  }

  /** Any text: tokens that show by themselves, and what is compressed in it, in base64. */
  text(text: string): string {
    const shown = this.#withoutTokens(text)
    return this.#looksIntoBodies && mayHoldCompressed(shown) ? this.#compressed(shown).text : shown
  }

  #withoutTokens(text: string): string {
    return this.#tokens && text.includes('eyJ') ? text.replace(webToken, (token) => this.#pseudonym(token)) : text
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
    if (type.essence === 'multipart/form-data') return this.#otherBodies ? null : this.#multipart(bytes)
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
    if (isForm) return this.#withoutTokens(this.#pairs(text, this.#form))
    if (essence === 'text/event-stream')
      return text.replace(/^(data: ?)(.*)$/gm, (_, name: string, data: string) => name + this.#content(data))
    if (/[/+]xml$/.test(essence)) return this.#content(replaceInXml(text, this.#keys, this.#pseudonym))
    if (!isJson) return this.#content(text)
    const redacted = this.#jsonText(text, true)
    return redacted === null ? null : this.#withoutTokens(redacted)
  }

  /** RFC 7578, without the parts' own encodings, which it deprecates. */
  #multipart(bytes: Uint8Array): Uint8Array {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    const part = /(\bname="?([^";\r\n]+)"?[^\r\n]*(?:\r\n[^\r\n]+)*\r\n\r\n)([\s\S]*?)(?=\r\n--)/gi
    const redacted = text.replace(part, (whole, head: string, name: string, value: string) => {
      if (value === '' || !this.#form(Buffer.from(name, 'latin1').toString())) return whole
      return head + this.#pseudonym(Buffer.from(value, 'latin1').toString())
    })
    return redacted === text ? bytes : Buffer.from(redacted, 'latin1')
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
    return urlFields.has(name) ? this.url(value) : this.text(value)
  }

  /** `Bearer abc`: the scheme is no secret, and the token has its name alone, as it may stand elsewhere. */
  #credentials(value: string): string {
    const [, scheme = '', secret = value] = /^(bearer +|basic +|token +)(.+)$/i.exec(value) ?? []
    return scheme + this.#pseudonym(secret)
  }

  #cookie(pair: string): string {
    const split = pair.indexOf('=')
    if (split < 0 || !this.#cookies(pair.slice(0, split).trim())) return pair
    const [, before = '', secret = '', after = ''] = /^(\s*"?)(.*?)("?\s*)$/s.exec(pair.slice(split + 1)) ?? []
    return secret === '' ? pair : pair.slice(0, split + 1) + before + this.#pseudonym(secret) + after
  }

  /** `a=1&b=2`, values percent-encoded. A `?` begins anew: fragments hold whole paths. */
  #pairs(text: string, isSecret: Names): string {
    return text.replace(/([^&?=]*)=([^&]*)/g, (pair, name: string, value: string) =>
      value !== '' && isSecret(decoded(name)) ? `${name}=${this.#pseudonym(decoded(value))}` : pair,
    )
  }

  /** null: it says to be JSON and is none. */
  #jsonText(text: string, isJson: boolean): string | null {
    if (!this.#looksIntoJson || (!isJson && !/^\s*[[{]/.test(text))) return text
    let value: unknown
    try {
      value = JSON.parse(text.replace(/^\ufeff/, ''))
    } catch {
      return this.#jsonLines(text, isJson)
    }
    const redacted = this.#mayHoldSecrets(text) ? this.#jsonValue(value) : value
    return redacted === value ? text : JSON.stringify(redacted)
  }

  /** Whether any key in it is one of a secret: much quicker than looking at all its values. */
  #mayHoldSecrets(text: string): boolean {
    return this.#json.length > 0 || mayHoldKey(text, this.#keys)
  }

  #jsonValue(value: unknown): unknown {
    const replace = (secret: unknown) => this.#secretValue(secret)
    const atPaths = this.#json.length === 0 ? value : replaceInJson(value, this.#json, replace)
    return replaceUnderKeys(atPaths, this.#keys, replace)
  }

  #jsonLines(text: string, isJson: boolean): string | null {
    if (!isJson && !this.#mayHoldSecrets(text)) return text
    const lines = text.split('\n')
    const redacted = lines.map((line) => {
      if (line.trim() === '') return line
      try {
        const value: unknown = JSON.parse(line)
        const after = this.#jsonValue(value)
        return after === value ? line : JSON.stringify(after)
      } catch {
        return isJson ? null : line
      }
    })
    return redacted.includes(null) ? null : redacted.join('\n')
  }

  #secretValue(secret: unknown): unknown {
    if (secret === null) return null
    return this.#pseudonym(typeof secret === 'string' ? secret : JSON.stringify(secret))
  }
}

/** As written where it is no percent-encoding. */
function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}
