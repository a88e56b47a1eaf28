/** Keeps the jars: in memory those that were used last, on the disk all of them. It lives in the jar thread. */
import { type Cookie, hasExpired } from '../../sdk/cookie/cookie.ts'
import { HeldCookies } from '../../sdk/cookie/held-cookies.ts'
import type { CookieContext, Verdict } from '../../sdk/cookie/judge.ts'
import { isWithin } from '../../sdk/cookie/site.ts'
import type { JarChange } from '../../sdk/cookie/wire.ts'
import { invalidParams, unavailable } from '../../sdk/errors.ts'
import { isDiskFull } from '../store/database.ts'
import { exportCookies } from './jar-export.ts'
import { JarFile, type JarRow, type RowChange } from './jar-file.ts'
import { readCookieFile } from './jar-import.ts'
import type { CookieSelection, JarContext, JarSurface } from './surface.ts'

/** Jars in memory. */
const mostLoaded = 16

interface LoadedJar {
  row: JarRow
  held: HeldCookies
}

export class JarKeeper {
  readonly #now: () => number
  #file: JarFile | null = null
  /** Last used last. */
  #loaded = new Map<string, LoadedJar>()

  constructor({ now = Date.now }: { now?: () => number } = {}) {
    this.#now = now
  }

  surface(): JarSurface {
    return {
      open: ({ home }) => {
        this.#file = JarFile.open(home)
      },
      list: () =>
        this.#opened.jars().map(({ name, createdAt, updatedAt }) => ({ name, cookies: this.#living(name).length, createdAt, updatedAt })),
      get: ({ jar, select, request }) => {
        const cookies = request ? this.#jar(jar).held.matching(this.#context(request)) : this.#living(jar)
        return cookies.filter(selects(select, isWithin))
      },
      cookieField: ({ jar, request }) => this.#find(jar)?.held.cookieField(this.#context(request)) ?? null,
      take: ({ jar, response, setCookie }) => {
        const context = this.#context(response)
        return this.#change(jar, (held) => setCookie.map((field) => held.take(field, context)))
      },
      set: ({ jar, cookies }) => this.#change(jar, (held) => cookies.map((cookie) => held.give(cookie, this.#now()))),
      remove: ({ jar, select, exactDomain }) => this.#remove(jar, selects(select, exactDomain ? Object.is : isWithin)),
      delete: ({ jar }) => {
        const found = this.#find(jar)
        if (found) this.#onDisk(() => this.#opened.delete(found.row.id))
        this.#loaded.delete(jar)
        return found?.held.size ?? 0
      },
      import: ({ jar, source, format, url, keepGood }) => {
        const file = readCookieFile(source, { format, url, keepGood, at: this.#now() })
        const changes = this.#change(jar, file.into)
        return file.report(changes)
      },
      export: ({ jar, format, select }) => exportCookies(this.#living(jar).filter(selects(select, isWithin)), format),
    }
  }

  close(): void {
    this.#file?.close()
  }

  get #opened(): JarFile {
    if (!this.#file) throw new Error('the jars are not open')
    return this.#file
  }

  #context({ url, topLevel, ...more }: JarContext): CookieContext {
    return {
      ...more,
      url: httpUrl(url, '/url'),
      at: this.#now(),
      topLevel: topLevel === undefined ? undefined : httpUrl(topLevel, '/topLevel'),
    }
  }

  #living = (jar: string): Cookie[] => [...this.#jar(jar).held].filter((cookie) => !hasExpired(cookie, this.#now()))

  /** Made when there is none of the name. */
  #jar(name: string): LoadedJar {
    const make = () => this.#opened.make(name, this.#now())
    return this.#find(name) ?? this.#keepLoaded(name, { row: this.#onDisk(make), held: new HeldCookies() })
  }

  #find(name: string): LoadedJar | null {
    const loaded = this.#loaded.get(name)
    if (loaded) return this.#keepLoaded(name, loaded)
    const row = this.#opened.jars().find((each) => each.name === name)
    return row ? this.#load(row) : null
  }

  #load(row: JarRow): LoadedJar {
    const held = new HeldCookies()
    for (const cookie of this.#opened.cookies(row.id)) held.put(cookie)
    const expired = held.dropExpired(this.#now())
    if (expired.length > 0) this.#forget(row, expired)
    return this.#keepLoaded(row.name, { row, held })
  }

  /** On a full disk they stay until the jar is loaded the next time; reading does not fail for it. */
  #forget(row: JarRow, expired: readonly Cookie[]): void {
    try {
      this.#opened.write(
        row.id,
        expired.map((gone) => ({ gone })),
        row.updatedAt,
      )
    } catch (error) {
      if (!isDiskFull(error)) throw error
    }
  }

  #keepLoaded(name: string, jar: LoadedJar): LoadedJar {
    this.#loaded.delete(name)
    this.#loaded.set(name, jar)
    const [oldest] = this.#loaded.keys()
    if (this.#loaded.size > mostLoaded && oldest !== undefined) this.#loaded.delete(oldest)
    return jar
  }

  /** On the disk before it is answered, or not at all. */
  #change(name: string, apply: (held: HeldCookies) => (Verdict & { place?: string })[]): JarChange[] {
    const { row, held } = this.#jar(name)
    const verdicts = apply(held)
    this.#write(name, row, verdicts.flatMap(rowChange))
    return verdicts.map(changeOf)
  }

  #remove(name: string, isMeant: (cookie: Cookie) => boolean): number {
    const { row, held } = this.#jar(name)
    const removed = [...held].filter(isMeant)
    for (const cookie of removed) held.remove(cookie)
    this.#write(
      name,
      row,
      removed.map((gone) => ({ gone })),
    )
    return removed.length
  }

  #write(name: string, row: JarRow, changes: RowChange[]): void {
    if (changes.length === 0) return
    try {
      this.#onDisk(() => this.#opened.write(row.id, changes, this.#now()))
    } catch (error) {
      // What is in memory is not true any more.
      this.#loaded.delete(name)
      throw error
    }
  }

  /** @throws 1005 diskFull */
  #onDisk<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw isDiskFull(error) ? unavailable('diskFull', 'there is no room on the disk for the cookies; the jar is as it was') : error
    }
  }
}

function rowChange(verdict: Verdict): RowChange[] {
  if (verdict.cause === 'rejected') return []
  const stays = verdict.cause === 'set' || verdict.cause === 'updated'
  return [stays ? { put: verdict.cookie } : { gone: verdict.cookie }]
}

const changeOf = (verdict: Verdict & { place?: string }, index: number): JarChange =>
  verdict.cause === 'rejected'
    ? { cause: 'rejected', reason: verdict.reason, cookie: verdict.cookie, at: verdict.place ?? `[${index}]` }
    : { cause: verdict.cause, cookie: verdict.cookie }

const selects =
  ({ domain, name, path }: CookieSelection = {}, isDomain: (domain: string, wanted: string) => boolean) =>
  (cookie: Cookie): boolean =>
    (domain === undefined || isDomain(cookie.domain, domain.replace(/^\./, '').toLowerCase())) &&
    (name === undefined || cookie.name === name) &&
    (path === undefined || cookie.path === path)

const isHttp = /^(?:https?|wss?):$/

function httpUrl(text: string, path: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url && isHttp.test(url.protocol)) return url
  throw invalidParams('invalidUrl', `${path.slice(1)} is no http or https URL`, [{ path, message: 'is no http or https URL' }])
}
