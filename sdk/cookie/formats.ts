/** THE table of the files that cookies come from and go into. */
import type { Cookie } from './cookie.ts'
import type { CookieFormatName } from './format-names.ts'
import { readCookieEditor, writeCookieEditor } from './formats/cookie-editor.ts'
import { readCookiesTxt, writeCookiesTxt } from './formats/cookies-txt.ts'
import { readHarCookies } from './formats/har.ts'
import { parseJson } from './formats/json.ts'
import { readNewman, writeNewman } from './formats/newman.ts'
import { readSetCookieLines, writeSetCookieLines } from './formats/set-cookie-lines.ts'
import { readStorageState, writeStorageState } from './formats/storage-state.ts'
import type { GivenCookie } from './given.ts'

/** What stands at one place of a file (`line 3`, `cookies[2]`). */
export type CookieEntry = { place: string } & (
  | { cookie: GivenCookie }
  /** `at`: Unix ms, when it came; null: nobody knows. */
  | { field: string; url: URL; at: number | null }
  | { fault: string }
)

export interface WrittenCookies {
  bytes: Buffer
  /** The format has no words for so many. */
  leftOut: number
}

export interface CookieFormat {
  /** @param url where Set-Cookie lines come from that do not say it */
  read(bytes: Buffer, url: URL | null): Iterable<CookieEntry>
  /** null: the format is read only. */
  write: ((cookies: readonly Cookie[]) => WrittenCookies) | null
}

export const cookieFormats: { readonly [Name in CookieFormatName]: CookieFormat } = {
  'cookies-txt': { read: readCookiesTxt, write: writeCookiesTxt },
  'storage-state': { read: readStorageState, write: writeStorageState },
  newman: { read: readNewman, write: writeNewman },
  'cookie-editor': { read: readCookieEditor, write: writeCookieEditor },
  'set-cookie': { read: readSetCookieLines, write: writeSetCookieLines },
  har: { read: readHarCookies, write: null },
}

/** By the content. @throws BrokenCookieFile when it begins as JSON and is none */
export function recogniseCookieFormat(bytes: Buffer): CookieFormatName {
  const start = bytes.toString('latin1', 0, 4096).trimStart()
  if (start.startsWith('[')) return 'cookie-editor'
  if (!start.startsWith('{'))
    return /^#.*cookie file/im.test(start) || /^[^\t\n]+\t(?:TRUE|FALSE)\t/im.test(start) ? 'cookies-txt' : 'set-cookie'
  const { log, cookies } = Object(parseJson(bytes)) as { log?: unknown; cookies?: unknown }
  if (log !== undefined) return 'har'
  const [first] = Array.isArray(cookies) ? (cookies as unknown[]) : []
  return typeof first === 'object' && first !== null && 'key' in first ? 'newman' : 'storage-state'
}
