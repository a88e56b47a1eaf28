/** What the words of one cURL command ask for. Texts are a character for each byte. */
import type { Headers } from '../../../sdk/model.ts'
import { EntryFault } from '../imported-exchange.ts'
import { CurlForm } from './form.ts'
import { curlOptions } from './options.ts'

export interface CurlRequest {
  url: string
  /** null: by what is sent. */
  method: string | null
  /** Those that the command names, in its order; null: it takes one away. */
  headers: [name: string, value: string | null][]
  /** What curl adds because of other options. */
  added: Headers
  /** null: none. */
  body: string | null
  /** A file belongs to the body that is not here. */
  isCut: boolean
  form: CurlForm
  httpVersion: string
  target: string | null
  /** The body goes into the query. */
  get: boolean
  head: boolean
  upload: boolean
}

type Draft = Omit<CurlRequest, 'url'> & { urls: string[]; query: string[] }

const draft = (): Draft => ({
  urls: [],
  query: [],
  method: null,
  headers: [],
  added: [],
  body: null,
  isCut: false,
  form: new CurlForm(),
  httpVersion: '1.1',
  target: null,
  get: false,
  head: false,
  upload: false,
})

const versions = new Map([
  ['http0.9', '1.0'],
  ['http1.0', '1.0'],
  ['http1.1', '1.1'],
  ['http2', '2'],
  ['http2-prior-knowledge', '2'],
  ['http3', '3'],
  ['http3-only', '3'],
])

/** One for each URL. @param input what is piped into the command; null: nothing @throws EntryFault when there is none */
export function curlRequests(words: readonly string[], input: string | null): CurlRequest[] {
  const drafts = [draft()]
  for (const { name, value } of curlOptions(words)) {
    if (name === 'next') drafts.push(draft())
    else apply(drafts.at(-1) as Draft, name, value, input)
  }
  const requests = drafts.flatMap(({ urls, query, ...more }) =>
    urls.map((url) => ({ ...more, url: query.length > 0 ? withQuery(url, query.join('&')) : url })),
  )
  if (requests.length === 0) throw new EntryFault('its curl has no URL')
  return requests
}

/** Before the fragment. */
export function withQuery(url: string, query: string): string {
  const [, before = '', fragment = ''] = /^([^#]*)(.*)$/s.exec(url) ?? []
  return `${before}${before.includes('?') ? '&' : '?'}${query}${fragment}`
}

/** What says nothing of the request (`--silent`, `--output`) is passed over. */
function apply(request: Draft, name: string, value: string, input: string | null): void {
  const version = versions.get(name)
  if (version !== undefined) request.httpVersion = version
  else if (name === '' || name === 'url') request.urls.push(value)
  else if (name === 'request') request.method = value
  else if (name === 'request-target') request.target = value
  else if (name === 'header') addHeader(request, value)
  else if (name === 'get') request.get = true
  else if (name === 'head') request.head = true
  else if (name === 'url-query') request.query.push(value.startsWith('+') ? value.slice(1) : (urlEncoded(value) ?? ''))
  else if (name === 'form') request.form.add(value)
  else if (name === 'form-string') request.form.addText(value)
  else if (name === 'upload-file')
    Object.assign(request, { upload: true, isCut: value !== '-' || input === null, body: value === '-' ? input : null })
  else if (name === 'json' || name.startsWith('data')) addData(request, name, value, input)
  else addField(request, name, value)
}

function addField({ added }: Draft, name: string, value: string): void {
  if (name === 'user') added.push(['Authorization', `Basic ${Buffer.from(value, 'latin1').toString('base64')}`])
  else if (name === 'oauth2-bearer') added.push(['Authorization', `Bearer ${value}`])
  else if (name === 'user-agent') added.push(['User-Agent', value])
  else if (name === 'referer') added.push(['Referer', value.replace(/;auto$/, '')])
  else if (name === 'range') added.push(['Range', `bytes=${value}`])
  else if (name === 'compressed') added.push(['Accept-Encoding', 'deflate, gzip, br, zstd'])
  // Without an equals sign it is a file of cookies.
  else if (name === 'cookie' && value.includes('=')) added.push(['Cookie', value])
}

/** `Name: value`; `Name;` is empty, `Name:` takes away what curl would add; `@file` names a file of them. */
function addHeader({ headers }: Draft, line: string): void {
  if (line.startsWith('@')) throw new EntryFault('its headers are in a file, which is not read')
  const [, name, separator, value = ''] = /^([^:;]+)([:;])(.*)$/s.exec(line) ?? []
  if (name === undefined) return
  const text = value.trim()
  if (separator === ';') {
    if (text === '') headers.push([name, ''])
  } else headers.push([name, text === '' ? null : text])
}

function addData(request: Draft, name: string, value: string, input: string | null): void {
  const data = dataOf(request, name, value, input)
  const between = name === 'json' || request.body === null ? '' : '&'
  request.body = (request.body ?? '') + between + data
  if (name === 'json') request.added.push(['Content-Type', 'application/json'], ['Accept', 'application/json'])
}

function dataOf(request: Draft, name: string, value: string, input: string | null): string {
  if (name === 'data-raw') return value
  if (name === 'data-urlencode') {
    const encoded = urlEncoded(value)
    if (encoded === null) request.isCut = true
    return encoded ?? ''
  }
  if (!value.startsWith('@')) return value
  if (value !== '@-' || input === null) {
    request.isCut = true
    return ''
  }
  return name === 'data' || name === 'data-ascii' ? input.replace(/[\r\n\0]/g, '') : input
}

/** `content`, `=content`, `name=content`; null: `@file` and `name@file`. */
function urlEncoded(value: string): string | null {
  const [, name = '', separator, content = ''] = /^([^=@]*)([=@])(.*)$/s.exec(value) ?? []
  if (separator === '@') return null
  if (separator === undefined) return percent(value)
  return `${name}${name === '' ? '' : '='}${percent(content)}`
}

/** curl writes a space as a form does. */
const percent = (text: string): string =>
  text.replace(/[^\w.~-]/g, (character) =>
    character === ' ' ? '+' : `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
