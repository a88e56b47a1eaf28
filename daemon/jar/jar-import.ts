/** Cookies of a file, read whole before any of them goes into a jar. */
import { readFileSync, statSync } from 'node:fs'
import type { CookieFormatName } from '../../sdk/cookie/format-names.ts'
import { BrokenCookieFile } from '../../sdk/cookie/formats/json.ts'
import { type CookieEntry, cookieFormats, recogniseCookieFormat } from '../../sdk/cookie/formats.ts'
import type { HeldCookies } from '../../sdk/cookie/held-cookies.ts'
import type { Verdict } from '../../sdk/cookie/judge.ts'
import type { JarChange, JarImport } from '../../sdk/cookie/wire.ts'
import { codes, invalidParams, limitExceeded, notFound, unavailable, WeirError } from '../../sdk/errors.ts'
import { limits } from '../../sdk/limits.ts'
import type { JarSurface } from './surface.ts'

type Source = Parameters<JarSurface['import']>[0]['source']

export interface ImportOptions {
  format?: CookieFormatName | undefined
  /** Of Set-Cookie lines that do not say where they come from. */
  url?: string | undefined
  keepGood: boolean
  /** Unix ms. */
  at: number
}

export interface CookieFile {
  /** Puts its cookies into a jar. */
  into(held: HeldCookies): (Verdict & { place: string })[]
  report(changes: readonly JarChange[]): JarImport
}

/** @throws -32602 malformedFile (with its line or entry) and invalidUrl, 1001 fileNotFound, 1004 fileTooLarge, 1005 fileNotReadable */
export function readCookieFile(source: Source, { format: given, url, keepGood, at }: ImportOptions): CookieFile {
  const bytes = 'text' in source ? Buffer.from(source.text, 'utf8') : readFile(source.path)
  const { format, entries } = readEntries(bytes, given, url)
  const problems = entries.flatMap((entry) => ('fault' in entry ? [{ at: entry.place, message: entry.fault }] : []))
  const [first] = problems
  if (first && !keepGood) throw malformedFile(`${first.at}: ${first.message}`)
  return {
    into: (held) => entries.flatMap((entry) => verdictOf(entry, held, at)),
    report: (changes) => ({ format, ...summary(changes), malformed: problems.length, problems: problems.slice(0, limits.importProblems) }),
  }
}

function readEntries(bytes: Buffer, given: CookieFormatName | undefined, url: string | undefined) {
  try {
    const format = given ?? recogniseCookieFormat(bytes)
    return { format, entries: [...cookieFormats[format].read(bytes, urlOf(url))] }
  } catch (error) {
    throw error instanceof BrokenCookieFile ? malformedFile(error.message) : error
  }
}

function verdictOf(entry: CookieEntry, held: HeldCookies, now: number): (Verdict & { place: string })[] {
  if ('fault' in entry) return []
  const verdict = 'cookie' in entry ? held.give(entry.cookie, now) : held.take(entry.field, { url: entry.url, at: entry.at ?? now })
  return [{ ...verdict, place: entry.place }]
}

function summary(changes: readonly JarChange[]): Pick<JarImport, 'counts' | 'rejected'> {
  const counts = { set: 0, updated: 0, expired: 0, deleted: 0, rejected: 0 }
  const rejected: JarImport['rejected'] = []
  for (const change of changes) {
    counts[change.cause]++
    const { at, reason, cookie } = change
    if (at === undefined || reason === undefined || rejected.length >= limits.importProblems) continue
    rejected.push({ at, reason, name: cookie?.name ?? null, domain: cookie?.domain ?? null })
  }
  return { counts, rejected }
}

function readFile(path: string): Buffer {
  try {
    const info = statSync(path)
    if (!info.isFile()) throw unavailable('fileNotReadable', `${path} is ${info.isDirectory() ? 'a folder' : 'not a regular file'}`)
    if (info.size > limits.cookieFileBytes)
      throw limitExceeded(
        'fileTooLarge',
        `${path} has more than ${limits.cookieFileBytes / 1024 ** 2} MiB; a long HAR can be made a session with importer/run first`,
      )
    return readFileSync(path)
  } catch (error) {
    if (error instanceof WeirError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw notFound('fileNotFound', `there is no file ${path}`)
    throw unavailable('fileNotReadable', `${path} cannot be read (${code ?? 'unknown error'})`)
  }
}

function urlOf(text: string | undefined): URL | null {
  if (text === undefined) return null
  if (URL.canParse(text)) return new URL(text)
  throw invalidParams('invalidUrl', 'url is no URL', [{ path: '/url', message: 'is no URL' }])
}

const malformedFile = (what: string): WeirError =>
  new WeirError(codes.invalidParams, 'malformedFile', `${what}; nothing was imported`, { errors: [{ path: '/path', message: what }] })
