/** The Set-Cookie fields of the responses in a HAR 1.2, in the order of the file. Browsers leave them out unless they are told not to. */
import type { CookieEntry } from '../formats.ts'
import { BrokenCookieFile, isObject, parseJson } from './json.ts'

export function* readHarCookies(bytes: Buffer): Generator<CookieEntry> {
  const har = parseJson(bytes)
  const log = isObject(har) ? har.log : null
  if (!isObject(log) || !Array.isArray(log.entries)) throw new BrokenCookieFile('it has no list log.entries')
  for (const [index, entry] of (log.entries as unknown[]).entries()) yield* fieldsOf(entry, `log.entries[${index}]`)
}

function* fieldsOf(entry: unknown, place: string): Generator<CookieEntry> {
  if (!isObject(entry) || !isObject(entry.request) || typeof entry.request.url !== 'string') {
    yield { place, fault: 'it has no request with a URL' }
    return
  }
  const { response } = entry
  const headers: unknown[] = isObject(response) && Array.isArray(response.headers) ? response.headers : []
  const fields = headers.flatMap((header) =>
    isObject(header) && /^set-cookie$/i.test(String(header.name)) && typeof header.value === 'string' ? [header.value] : [],
  )
  if (fields.length === 0) return
  const url = URL.canParse(entry.request.url) ? new URL(entry.request.url) : null
  if (!url) yield { place, fault: 'its request has no URL' }
  else for (const field of fields.flatMap((all) => all.split('\n'))) yield { place, field: wireOf(field), url, at: timeOf(entry) }
}

/** What has characters beyond U+00FF was decoded by who wrote it. */
const wireOf = (text: string): string => (/[^\u0000-\u00ff]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text)

function timeOf({ startedDateTime }: { readonly startedDateTime?: unknown }): number | null {
  const time = typeof startedDateTime === 'string' ? Date.parse(startedDateTime) : Number.NaN
  return Number.isNaN(time) ? null : time
}
