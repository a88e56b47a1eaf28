/** Playwright's storageState: `browser.newContext({ storageState })`. Its `origins` (local storage) are none of a jar's business. */
import type { Cookie } from '../cookie.ts'
import type { CookieEntry, WrittenCookies } from '../formats.ts'
import { partitionKeyOf, partitionOf } from '../partition.ts'
import {
  BrokenCookieFile,
  entriesOf,
  flagAt,
  isObject,
  type JsonObject,
  optionalTextAt,
  parseJson,
  sameSiteAt,
  secondsAt,
  shown,
  textAt,
} from './json.ts'

/** Playwright takes none without a name. */
export function writeStorageState(cookies: readonly Cookie[]): WrittenCookies {
  const fitting = cookies.filter(({ name }) => name !== '')
  const text = `${JSON.stringify({ cookies: fitting.map(playwrightCookie), origins: [] }, null, 2)}\n`
  return { bytes: Buffer.from(text), leftOut: cookies.length - fitting.length }
}

function playwrightCookie({ name, value, domain, hostOnly, path, expires, secure, httpOnly, sameSite, partitionKey }: Cookie): object {
  return {
    name: shown(name),
    value: shown(value),
    domain: hostOnly ? domain : `.${domain}`,
    path: shown(path),
    expires: expires === null ? -1 : expires / 1000,
    httpOnly,
    secure,
    // What browsers take an absent one for.
    sameSite: sameSite ?? 'Lax',
    ...(partitionKey !== null && playwrightPartition(partitionKey, domain)),
  }
}

/** Without its flag Playwright takes each for one below a frame of another site. */
function playwrightPartition(key: string, domain: string): object {
  const { topLevelSite, hasCrossSiteAncestor } = partitionOf(key, domain)
  return { partitionKey: topLevelSite, _crHasCrossSiteAncestor: hasCrossSiteAncestor }
}

export function* readStorageState(bytes: Buffer): Generator<CookieEntry> {
  const state = parseJson(bytes)
  if (!isObject(state)) throw new BrokenCookieFile('it is no storageState')
  yield* entriesOf(state.cookies, 'cookies', (entry) => {
    const domain = textAt(entry, 'domain')
    const secure = flagAt(entry, 'secure')
    return {
      cookie: {
        name: textAt(entry, 'name'),
        value: textAt(entry, 'value'),
        domain,
        hostOnly: !domain.startsWith('.'),
        path: optionalTextAt(entry, 'path'),
        expires: secondsAt(entry, 'expires'),
        secure,
        httpOnly: flagAt(entry, 'httpOnly'),
        sameSite: sameSiteAt(entry, secure),
        partitionKey: partitionIn(entry, domain),
      },
    }
  })
}

function partitionIn(entry: JsonObject, domain: string): string | undefined {
  const topLevelSite = optionalTextAt(entry, 'partitionKey')
  if (topLevelSite === undefined) return undefined
  return partitionKeyOf({ topLevelSite, hasCrossSiteAncestor: entry._crHasCrossSiteAncestor === true }, domain.replace(/^\./, ''))
}
