/**
 * Requests that two readers may take differently: every way to be unclear about length, coding, line ends, host, version and what follows, combined.
 * Each vector says which anomalies must be on its record.
 */
import fc from 'fast-check'
import type { Anomaly } from '../../sdk/model.ts'

interface Part {
  /** With its line ends; HOST stands for the origin's authority. */
  text: string
  odd: Anomaly[]
}

const part = (text: string, ...odd: Anomaly[]): Part => ({ text, odd })

const lengths = [
  part(''),
  part('Content-Length: 6\r\n'),
  part('Content-Length: 0\r\n'),
  part('content-LENGTH:6\r\n'),
  part('Content-Length: 06\r\n'),
  part('Content-Length: 6\r\nContent-Length: 6\r\n', 'invalidContentLength'),
  part('Content-Length: 6, 6\r\n', 'invalidContentLength'),
  part('Content-Length: 6\r\nContent-Length: 60\r\n', 'conflictingContentLength'),
  part('Content-Length: 0, 6\r\n', 'conflictingContentLength'),
  part('Content-Length: +6\r\n', 'invalidContentLength'),
  part('Content-Length: -6\r\n', 'invalidContentLength'),
  part('Content-Length: 0x6\r\n', 'invalidContentLength'),
  part('Content-Length: 6 0\r\n', 'invalidContentLength'),
  part('Content-Length: 6;\r\n', 'invalidContentLength'),
  part('Content-Length:\r\n', 'invalidContentLength'),
  part('Content-Length: \x0b6\r\n', 'invalidContentLength'),
  part('Content-Length: 99999999999999999999\r\n', 'invalidContentLength'),
  part('Content-Length : 6\r\n', 'whitespaceBeforeColon'),
  part('Content-Length:\r\n 6\r\n', 'obsoleteFold'),
  part('X: y\nContent-Length: 6\r\n', 'bareLineFeed'),
  part('X: y\rContent-Length: 6\r\n', 'invalidHeaderLine'),
  part('Content-Length\0: 6\r\n', 'invalidHeaderLine'),
]
const codings = [
  part(''),
  part('Transfer-Encoding: chunked\r\n'),
  part('transfer-encoding:\tCHUNKED \r\n'),
  part('Transfer-Encoding: xchunked\r\n', 'invalidTransferEncoding'),
  part('Transfer-Encoding: chunk\r\n', 'invalidTransferEncoding'),
  part('Transfer-Encoding: chunked, identity\r\n', 'invalidTransferEncoding'),
  part('Transfer-Encoding: chunked, chunked\r\n', 'invalidTransferEncoding'),
  part('Transfer-Encoding: gzip, chunked\r\n'),
  part('Transfer-Encoding: "chunked"\r\n', 'invalidTransferEncoding'),
  part('Transfer-Encoding: \x0bchunked\r\n', 'invalidTransferEncoding'),
  part('Transfer-Encoding: chunked\x0c\r\n', 'invalidTransferEncoding'),
  part('Transfer-Encoding: chunked;x=y\r\n', 'invalidTransferEncoding'),
  part('Transfer-Encoding:\r\n chunked\r\n', 'obsoleteFold'),
  part('Transfer-Encoding : chunked\r\n', 'whitespaceBeforeColon'),
  part('Transfer-Encoding\x0b: chunked\r\n', 'invalidHeaderLine'),
  part('X: y\r\n Transfer-Encoding: chunked\r\n', 'obsoleteFold'),
  part('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', 'invalidTransferEncoding'),
  part('Transfer-Encoding: ch\0unked\r\n', 'invalidHeaderLine', 'invalidTransferEncoding'),
  part('X: y\nTransfer-Encoding: chunked\r\n', 'bareLineFeed'),
  part('Transfer_Encoding: chunked\r\n'),
]
const hosts = [
  part('Host: HOST\r\n'),
  part('hOsT:HOST\r\n'),
  part('Host: HOST\r\nHost: HOST\r\n', 'duplicateHost'),
  part('Host: HOST\r\nHost: victim\r\n', 'duplicateHost'),
  part('Host: victim\r\n', 'hostMismatch'),
  part('Host : HOST\r\n', 'whitespaceBeforeColon'),
  part('Host: HOST\r\nX-Forwarded-Host: victim\r\n'),
  part('', 'missingHost'),
]
const versions = [part('HTTP/1.1'), part('HTTP/1.0'), part('HTTP/1.9', 'unknownVersion'), part('http/1.1', 'invalidRequestLine')]
const extras = [
  part(''),
  part('Expect: 100-continue\r\n'),
  part('Connection: close\r\n'),
  part('Connection: Content-Length, Transfer-Encoding\r\n'),
  part('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'),
  part('Upgrade: websocket\r\nConnection: Upgrade\r\n'),
  part('Proxy-Connection: keep-alive\r\n'),
  part('no colon\r\n', 'invalidHeaderLine'),
  part(': no name\r\n', 'invalidHeaderLine'),
]
const bodies = [
  '',
  'abcdef',
  '0\r\n\r\n',
  '6\r\nabcdef\r\n0\r\n\r\n',
  '6;x=y\r\nabcdef\r\n0\r\n\r\n',
  '06 \r\nabcdef\r\n0\r\n\r\n',
  '0x6\r\nabcdef\r\n0\r\n\r\n',
  '6\nabcdef\n0\n\n',
  '6\r\nabcdefXX0\r\n\r\n',
  'ffffffffffffffff6\r\nabcdef\r\n0\r\n\r\n',
  '0\r\nContent-Length: 9\r\n\r\n',
  '-1\r\n\r\n',
]
const follows = ['', 'GET http://HOST/next HTTP/1.1\r\nHost: HOST\r\n\r\n', 'GET /smuggled HTTP/1.1\r\nHost: victim\r\n\r\n', 'X']
const methods = ['GET', 'POST', 'HEAD', 'OPTIONS', 'TRACE', 'M-SEARCH']

export interface SmugglingVector {
  id: string
  /** HOST stands for the origin's authority. */
  text: string
  anomalies: Anomaly[]
}

const vectors = fc
  .tuple(
    fc.constantFrom(...methods),
    fc.constantFrom(...versions),
    fc.constantFrom(...hosts),
    fc.shuffledSubarray([0, 1, 2], { minLength: 3, maxLength: 3 }),
    fc.tuple(fc.constantFrom(...lengths), fc.constantFrom(...codings), fc.constantFrom(...extras)),
    fc.constantFrom(...bodies),
    fc.constantFrom(...follows),
  )
  .map(([method, version, host, order, middle, body, next]) => {
    const fields = [host, ...order.map((index) => middle[index] as Part)]
    const odd = new Set([version, ...fields].flatMap((one) => one.odd))
    // HTTP/1.0 needs no Host.
    if (!version.text.endsWith('1.1')) odd.delete('missingHost')
    const text = `${method} http://HOST/ID ${version.text}\r\n${fields.map((one) => one.text).join('')}\r\n${body}${next}`
    return { text, anomalies: [...odd] }
  })

/** The same vectors for the same seed, each different from the others. */
export function smugglingCorpus(count: number, seed: number): SmugglingVector[] {
  const seen = new Map<string, SmugglingVector>()
  for (let round = 0; seen.size < count; round++) {
    for (const { text, anomalies } of fc.sample(vectors, { seed: seed + round, numRuns: count })) {
      if (seen.size < count && !seen.has(text)) seen.set(text, { id: `v${seen.size}v`, text, anomalies })
    }
  }
  return [...seen.values()].map((vector) => ({ ...vector, text: vector.text.replace('/ID ', `/${vector.id} `) }))
}
