/** A session whose bodies are not what their heads say: undecodable, mislabelled, cut. Each exchange says what of it is whole. */
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { loadBrotli } from '../../daemon/store/brotli.ts'
import { type JsonlLine, jsonlVersion } from '../../sdk/jsonl.ts'
import type { Exchange, Headers } from '../../sdk/model.ts'
import { testExchange } from '../../sdk/testing.ts'

export interface HostileExchange {
  /** Its path is `/name`. */
  name: string
  exchange: Exchange
  request: Buffer
  response: Buffer
  /** All of the body that was sent is on record. */
  requestWhole: boolean
  responseWhole: boolean
  /** Of the response, without Content-Encoding; null: it cannot be decoded. */
  decoded: Buffer | null
  /** The same as text, where it is text; null: it is none. */
  text: string | null
}

interface Content {
  name: string
  type: string
  coding?: string
  body: Buffer
  /** `body` when absent. */
  decoded?: Buffer | null
  /** UTF-8 of `decoded` when absent. */
  text?: string | null
}

const words = `{"list":[${'"some text that is long enough",'.repeat(200)}1]}`
const plain = Buffer.from(words)
const png = Buffer.from('89504e470d0a1a0a0000000d4948445200000001000000010806000000', 'hex')
const half = (bytes: Uint8Array): Buffer => Buffer.from(bytes.subarray(0, bytes.length >> 1))
const latin1 = Buffer.from('h\u00e9 \u00ff', 'latin1')
/** As a body of JSON has it: an escape, which is ASCII. */
const surrogate = '{"a":"\\ud800","\\udfff":[1]}'

const contents: readonly Content[] = [
  { name: 'gzip-that-is-none', type: 'application/json', coding: 'gzip', body: plain, decoded: null },
  { name: 'br-that-is-none', type: 'application/json', coding: 'br', body: Buffer.from([0xff, 0xff, 0xff, 0xff]), decoded: null },
  { name: 'zstd-that-is-none', type: 'text/plain', coding: 'zstd', body: plain, decoded: null },
  { name: 'gzip-without-end', type: 'application/json', coding: 'gzip', body: half(gzipSync(plain)), decoded: null },
  {
    name: 'br-without-end',
    type: 'application/json',
    coding: 'br',
    body: half(loadBrotli().compress(plain, { quality: 1 })),
    decoded: null,
  },
  {
    name: 'zstd-without-end',
    type: 'application/json',
    coding: 'zstd',
    body: half(zstdCompressSync(plain, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })),
    decoded: null,
  },
  { name: 'unknown-coding', type: 'text/plain', coding: 'weirish', body: plain, decoded: null },
  { name: 'gzip-in-br', type: 'text/plain', coding: 'gzip, br', body: gzipSync(plain), decoded: null },
  { name: 'gzip', type: 'application/json', coding: 'gzip', body: gzipSync(plain), decoded: plain },
  { name: 'unknown-charset', type: 'text/plain; charset=weirish', body: latin1, text: null },
  { name: 'unknown-charset-of-utf8', type: 'text/plain; charset=weirish', body: Buffer.from('h\u00e9') },
  { name: 'charset-that-does-not-fit', type: 'text/html; charset=utf-8', body: latin1, text: null },
  { name: 'half-a-character', type: 'text/plain; charset=shift_jis', body: Buffer.from([0x83, 0x65, 0x83]), text: null },
  { name: 'utf16-without-its-last-byte', type: 'text/plain; charset=utf-16le', body: Buffer.from([0x41, 0, 0x42]), text: null },
  { name: 'json-that-is-none', type: 'application/json', body: Buffer.from('{"a":1,') },
  { name: 'json-of-nothing-but-space', type: 'application/json', body: Buffer.from(' \n') },
  { name: 'image-as-text', type: 'text/plain', body: png, text: null },
  { name: 'image-as-json', type: 'application/json; charset=utf-8', body: png, text: null },
  { name: 'text-as-image', type: 'image/png', body: Buffer.from('no image'), text: null },
  { name: 'no-type-at-all', type: '', body: png, text: null },
  { name: 'form-that-is-none', type: 'application/x-www-form-urlencoded', body: latin1, text: null },
  { name: 'form-of-odd-escapes', type: 'application/x-www-form-urlencoded', body: Buffer.from('a=%zz&%ff=%&=&&__proto__=1') },
  {
    name: 'multipart-without-end',
    type: 'multipart/form-data; boundary=b',
    body: Buffer.from('--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1'),
  },
  { name: 'multipart-without-boundary', type: 'multipart/form-data', body: Buffer.from('--b\r\n\r\n1\r\n--b--\r\n') },
  { name: 'lone-surrogates', type: 'application/json', body: Buffer.from(surrogate) },
  { name: 'control-characters', type: 'text/plain', body: Buffer.from('a\0b\u001b[2J\u202e</script><!--=cmd()\ufeff\u2028') },
]

type Ending = 'whole' | 'limit' | 'request' | 'response' | 'empty'

/** The ways in which a body ends before its end. */
const cut: readonly (Content & { ending: Ending })[] = [
  { name: 'cut-by-the-limit', type: 'application/json', body: half(plain), ending: 'limit' },
  { name: 'gzip-cut-by-the-limit', type: 'application/json', coding: 'gzip', body: half(gzipSync(plain)), ending: 'limit' },
  { name: 'nothing-kept', type: 'application/json', body: Buffer.alloc(0), ending: 'limit' },
  { name: 'request-broken-off', type: 'application/json', body: half(plain), ending: 'request' },
  { name: 'form-broken-off', type: 'application/x-www-form-urlencoded', body: Buffer.from('a=1&b'), ending: 'request' },
  { name: 'response-broken-off', type: 'application/json', body: half(plain), ending: 'response' },
  { name: 'gzip-broken-off', type: 'application/json', coding: 'gzip', body: half(gzipSync(plain)), ending: 'response' },
  { name: 'empty-though-a-length-was-said', type: 'application/json', body: Buffer.alloc(0), ending: 'empty' },
]

const saidLength = 100_000

function hostile(url: string, content: Content, ending: Ending, seq: number): HostileExchange {
  const { name, type, coding, body, decoded = body } = content
  const isLimited = ending === 'limit'
  const isBroken = ending === 'response' || ending === 'empty'
  const head = (length: number): Headers => [
    ...(type === '' ? [] : [['Content-Type', type] as [string, string]]),
    ...(coding === undefined ? [] : [['Content-Encoding', coding] as [string, string]]),
    ['Content-Length', String(length)],
  ]
  const sent = isBroken ? Buffer.from('asked') : body
  const isHalfSent = ending === 'request'
  const {
    bodies: _,
    messages: _messages,
    ...plainExchange
  } = testExchange({
    seq,
    state: isBroken ? 'failed' : isHalfSent ? 'aborted' : 'complete',
    timings: isHalfSent ? {} : { send: 1, wait: 15, receive: 4 },
    ...(isBroken && { error: { reason: 'upstreamClosed', message: 'it ended \ud800' } }),
    ...(isHalfSent && { error: { reason: 'clientAborted', message: 'it went' } }),
    tags: ['\ud800'],
    note: 'a\udfff\0b',
    request: {
      method: 'POST',
      url: `${url}/${name}`,
      headers: [['Host', new URL(url).host], ...head(isLimited || isHalfSent ? saidLength : sent.length)],
      bodySize: isLimited ? saidLength : sent.length,
      truncated: isLimited,
    },
    response: {
      reason: 'OK',
      headers: [...head(isLimited || isBroken ? saidLength : body.length), ['Set-Cookie', `c${seq}=\u00ff"; Path=/\u0001`]],
      bodySize: isLimited ? saidLength : body.length,
      truncated: isLimited,
    },
  })
  const exchange: Exchange = isHalfSent ? { ...plainExchange, response: null } : plainExchange
  return {
    name,
    exchange,
    request: sent,
    response: isHalfSent ? Buffer.alloc(0) : body,
    requestWhole: !isLimited && !isHalfSent,
    responseWhole: ending === 'whole',
    decoded,
    text: content.text === undefined ? (decoded?.toString('utf8') ?? null) : content.text,
  }
}

/** @param url of the origin of all of them, without a slash at its end */
export const hostileExchanges = (url: string): HostileExchange[] => [
  ...contents.map((content, index) => hostile(url, content, 'whole', index + 1)),
  ...cut.map((content, index) => hostile(url, content, content.ending, contents.length + index + 1)),
]

/** As a file that weir imports. */
export const hostileFile = (exchanges: readonly HostileExchange[]): string =>
  exchanges
    .map(({ exchange, request, response }): JsonlLine => {
      const bodies = { request: { base64: request.toString('base64') }, response: { base64: response.toString('base64') } }
      return { weir: jsonlVersion, ...exchange, bodies }
    })
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('')
