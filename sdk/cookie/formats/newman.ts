/** A jar of tough-cookie as JSON, which is what newman's `--cookie-jar` and `--export-cookie-jar` read and write. */
import type { Cookie } from '../cookie.ts'
import type { CookieEntry, WrittenCookies } from '../formats.ts'
import {
  BrokenCookieFile,
  CookieFault,
  entriesOf,
  flagAt,
  isObject,
  type JsonObject,
  optionalTextAt,
  parseJson,
  sameSiteAt,
  shown,
  textAt,
} from './json.ts'

export function writeNewman(cookies: readonly Cookie[]): WrittenCookies {
  const jar = {
    version: 'tough-cookie@6.1.0',
    storeType: 'MemoryCookieStore',
    rejectPublicSuffixes: true,
    enableLooseMode: true,
    cookies: cookies.map(toughCookie),
  }
  return { bytes: Buffer.from(`${JSON.stringify(jar, null, 2)}\n`), leftOut: 0 }
}

function toughCookie(cookie: Cookie): object {
  const { name, value, domain, hostOnly, path, expires, secure, httpOnly, sameSite, partitionKey, createdAt, updatedAt } = cookie
  return {
    key: shown(name),
    value: shown(value),
    ...(expires !== null && { expires: new Date(expires).toISOString() }),
    domain: bare(domain),
    path: shown(path),
    ...(secure && { secure }),
    ...(httpOnly && { httpOnly }),
    // Unknown to the library: it keeps the first and drops the second.
    ...(partitionKey !== null && { extensions: ['Partitioned'], partitionKey }),
    hostOnly,
    creation: new Date(createdAt).toISOString(),
    lastAccessed: new Date(updatedAt).toISOString(),
    ...(sameSite !== null && { sameSite: sameSite.toLowerCase() }),
  }
}

/** The library has IPv6 addresses without their brackets. */
const bare = (domain: string): string => domain.replace(/^\[(.*)\]$/, '$1')

export function* readNewman(bytes: Buffer): Generator<CookieEntry> {
  const jar = parseJson(bytes)
  if (!isObject(jar)) throw new BrokenCookieFile('it is no jar of tough-cookie')
  yield* entriesOf(jar.cookies, 'cookies', (entry) => {
    const domain = optionalTextAt(entry, 'domain') ?? ''
    const secure = flagAt(entry, 'secure')
    const createdAt = timeAt(entry, 'creation')
    return {
      cookie: {
        name: optionalTextAt(entry, 'key') ?? '',
        value: optionalTextAt(entry, 'value') ?? '',
        domain: domain.includes(':') ? `[${domain}]` : domain,
        hostOnly: flagAt(entry, 'hostOnly'),
        path: entry.path === undefined ? undefined : textAt(entry, 'path'),
        expires: expiryOf(entry, createdAt),
        secure,
        httpOnly: flagAt(entry, 'httpOnly'),
        sameSite: sameSiteAt(entry, secure),
        partitionKey: optionalTextAt(entry, 'partitionKey'),
        ...(createdAt !== null && { createdAt }),
      },
    }
  })
}

/** `maxAge` counts from when the cookie was last set or read. */
function expiryOf(entry: JsonObject, createdAt: number | null): number | null {
  const { maxAge } = entry
  if (maxAge === undefined || maxAge === null || maxAge === 'Infinity') return timeAt(entry, 'expires')
  if (maxAge === '-Infinity') return 0
  if (typeof maxAge !== 'number') throw new CookieFault('its maxAge is no number of seconds')
  return maxAge <= 0 ? 0 : (timeAt(entry, 'lastAccessed') ?? createdAt ?? 0) + maxAge * 1000
}

function timeAt(entry: JsonObject, name: string): number | null {
  const value = entry[name]
  if (value === undefined || value === null || value === 'Infinity') return null
  const time = typeof value === 'string' || typeof value === 'number' ? new Date(value).getTime() : Number.NaN
  if (Number.isNaN(time)) throw new CookieFault(`its ${name} is no date`)
  return time
}
