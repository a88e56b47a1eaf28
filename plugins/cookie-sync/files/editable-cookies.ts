/** The entries of a cookie file, each as it stands there: what is not changed stays byte for byte, whatever it is. */
import { type Cookie, type CookieKey, keyOf } from '../../../sdk/cookie/cookie.ts'
import type { CookieFormatName } from '../../../sdk/cookie/format-names.ts'
import { cookieFormats } from '../../../sdk/cookie/formats.ts'
import type { GivenCookie } from '../../../sdk/cookie/given.ts'
import { HeldCookies } from '../../../sdk/cookie/held-cookies.ts'

/** Formats that can be edited. */
export type FileFormat = Extract<CookieFormatName, 'cookies-txt' | 'storage-state' | 'newman'>

interface Entry {
  /** A line, or the JSON of one cookie; undefined: it is gone. */
  raw: unknown
  /** null: it is no cookie that can be read. */
  cookie: GivenCookie | null
}

export class EditableCookies {
  readonly #format: FileFormat
  readonly #entries: Entry[]
  readonly #byKey = new Map<string, Entry[]>()
  readonly #assemble: (raws: readonly unknown[]) => Buffer

  /** Throws BrokenCookieFile. */
  constructor(format: FileFormat, bytes: Buffer) {
    this.#format = format
    const { raws, assemble } = format === 'cookies-txt' ? linesOf(bytes) : listOf(format, bytes)
    const byPlace = new Map<string, GivenCookie>()
    if (bytes.length > 0)
      for (const entry of cookieFormats[format].read(bytes, null)) if ('cookie' in entry) byPlace.set(entry.place, entry.cookie)
    const place = (index: number) => (format === 'cookies-txt' ? `line ${index + 1}` : `cookies[${index}]`)
    this.#entries = []
    for (const [index, raw] of raws.entries()) this.#add({ raw, cookie: byPlace.get(place(index)) ?? null })
    this.#assemble = assemble
  }

  /** Those that the rules of cookies take. @param at Unix ms: when they came */
  cookies(at: number): Cookie[] {
    const held = new HeldCookies()
    for (const { raw, cookie } of this.#entries) if (raw !== undefined && cookie !== null) held.give(cookie, Date.now())
    return [...held].map((cookie) => ({ ...cookie, updatedAt: at }))
  }

  put(cookie: Cookie): void {
    const raw = rawOf(this.#format, cookie)
    const [first, ...others] = this.#byKey.get(keyOf(cookie)) ?? []
    for (const entry of others) entry.raw = undefined
    if (first === undefined) this.#add({ raw, cookie })
    else Object.assign(first, { raw, cookie })
  }

  remove(key: CookieKey): void {
    for (const entry of this.#byKey.get(keyOf(key)) ?? []) entry.raw = undefined
  }

  bytes(): Buffer {
    return this.#assemble(this.#entries.map(({ raw }) => raw).filter((raw) => raw !== undefined))
  }

  #add(entry: Entry): void {
    this.#entries.push(entry)
    if (entry.cookie === null) return
    const key = keyOf(keyOfGiven(entry.cookie))
    this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), entry])
  }
}

const keyOfGiven = ({ name, domain, hostOnly, path, partitionKey }: GivenCookie): CookieKey => ({
  name,
  domain: domain.replace(/^\./, '').toLowerCase(),
  hostOnly: hostOnly ?? !domain.startsWith('.'),
  path: path ?? '/',
  partitionKey: partitionKey ?? null,
})

interface Parts {
  raws: readonly unknown[]
  assemble(raws: readonly unknown[]): Buffer
}

function linesOf(bytes: Buffer): Parts {
  const text = bytes.length === 0 ? written('cookies-txt', []) : bytes.toString('latin1')
  return {
    raws: text.replace(/\n$/, '').split('\n'),
    assemble: (raws) => Buffer.from(`${raws.join('\n')}\n`, 'latin1'),
  }
}

/** What else is in it (the local storage of a storageState) stays. */
function listOf(format: FileFormat, bytes: Buffer): Parts {
  const text = bytes.length === 0 ? written(format, []) : bytes.toString('utf8').replace(/^\ufeff/, '')
  const root = parsed(text)
  const raws = Array.isArray(root.cookies) ? (root.cookies as unknown[]) : []
  return { raws, assemble: (cookies) => Buffer.from(`${JSON.stringify({ ...root, cookies }, null, 2)}\n`) }
}

/** What is no JSON is told by the format's own reader. */
function parsed(text: string): { cookies?: unknown } {
  try {
    return Object(JSON.parse(text)) as { cookies?: unknown }
  } catch {
    return {}
  }
}

function written(format: FileFormat, cookies: readonly Cookie[]): string {
  const { write } = cookieFormats[format]
  return (write as NonNullable<typeof write>)(cookies).bytes.toString(format === 'cookies-txt' ? 'latin1' : 'utf8')
}

/** undefined: the format has no words for it. */
function rawOf(format: FileFormat, cookie: Cookie): unknown {
  const text = written(format, [cookie])
  if (format !== 'cookies-txt') return parsed(text).cookies === undefined ? undefined : (parsed(text).cookies as unknown[])[0]
  return text.split('\n').find((line) => line.startsWith('#HttpOnly_') || (line !== '' && !line.startsWith('#')))
}
