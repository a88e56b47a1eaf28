/** A request as a client of the RPC gives it. */
import { invalidParams } from '../../../sdk/errors.ts'
import type { Params } from '../../../sdk/protocol.ts'
import { asciiUrl, type BodySource, bodyOf, type Draft, noBody } from './draft.ts'

type Given = Params<'request/send'>['request']

/** -32602 invalidBody. */
export function givenRequest({ method, url, headers = [], body, httpVersion }: Given): Draft {
  const versions = httpVersion === undefined ? (['2', '1.1'] as const) : [httpVersion]
  return { method, url: asciiUrl(url), headers, trailers: [], body: givenBody(body), versions, notation: '1.1' }
}

/** -32602 invalidBody. */
export function givenBody(body: Given['body']): BodySource {
  if (body === undefined) return noBody
  if (typeof body === 'string') return bodyOf(Buffer.from(body))
  if ('text' in body) return bodyOf(Buffer.from(body.text))
  const bytes = Buffer.from(body.base64, 'base64')
  // What is no base64 is passed over, and would be missing.
  if (bytes.toString('base64').replace(/=+$/, '') === body.base64.replace(/=+$/, '')) return bodyOf(bytes)
  const message = 'is no base64 (RFC 4648 section 4)'
  throw invalidParams('invalidBody', `body.base64 ${message}`, [{ path: '/request/body/base64', message }])
}
