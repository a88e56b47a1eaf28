/** Where a response leads on, and with what (RFC 9110 section 15.4). */
import type { Response } from '../../../sdk/model.ts'
import { type Draft, noBody, place, valuesOf, without } from './draft.ts'

export const mostRedirects = 20

const redirects = new Set([301, 302, 303, 307, 308])
/** What says something of a body that is not sent any more. */
const ofContent = new Set([
  'content-length',
  'content-type',
  'content-encoding',
  'content-language',
  'content-location',
  'content-md5',
  'content-digest',
  'repr-digest',
  'digest',
  'last-modified',
  'transfer-encoding',
  'trailer',
  'expect',
])
/** For the origin that was asked, and for no other. */
const ofOrigin = new Set(['authorization', 'proxy-authorization', 'cookie', 'host', 'origin'])

/** null: it leads nowhere, or not by HTTP. */
export function redirected(draft: Draft, { status, headers }: Response): Draft | null {
  const [location, ...others] = valuesOf(headers, 'location')
  if (!redirects.has(status) || location === undefined || others.length > 0) return null
  const from = place(draft.url)
  const target = URL.parse(Buffer.from(location, 'latin1').toString(), draft.url)
  if (!target || !/^https?:$/.test(target.protocol) || target.username !== '' || target.password !== '') return null
  target.hash = ''
  const rewritten = rewrite(draft, status)
  const to = place(target.href)
  const sameOrigin = from.scheme === to.scheme && from.authority === to.authority
  return { ...rewritten, url: target.href, headers: sameOrigin ? rewritten.headers : without(rewritten.headers, ofOrigin) }
}

/** 303 asks for something else; after 301 and 302 everybody makes a GET of a POST, so origins expect it. */
function rewrite(draft: Draft, status: number): Draft {
  const becomesGet = status === 303 ? draft.method !== 'GET' && draft.method !== 'HEAD' : status < 303 && draft.method === 'POST'
  if (!becomesGet) return draft
  return { ...draft, method: 'GET', headers: without(draft.headers, ofContent), trailers: [], body: noBody }
}
