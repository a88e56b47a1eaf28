/** A file of cookies as a target: only the cookies that change are different afterwards, and it is replaced whole or not at all. */
import { readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { type Cookie, hasExpired } from '../../../sdk/cookie/cookie.ts'
import type { CookieTarget, CookieTargetChange, PulledCookies } from '../../../sdk/plugin.ts'
import { EditableCookies, type FileFormat } from './editable-cookies.ts'

export const fileConfig = {
  type: 'object',
  properties: { path: { type: 'string', minLength: 1, description: 'An absolute path; made when it is missing.' } },
  required: ['path'],
  additionalProperties: false,
} as const

interface Found {
  bytes: Buffer
  /** Another one means that somebody wrote it. */
  mark: string
  mode: number
  /** When it was last written, Unix ms. */
  at: number
}

/** Some write a file in pieces: what is missing has gone once it has been left alone for so long, ms. */
const settledMs = 250
/** How often a file that somebody writes meanwhile is read again. */
const tries = 5

export class CookieFile implements CookieTarget {
  readonly #path: string
  readonly #format: FileFormat
  #pulled: string | null = null

  constructor(path: string, format: FileFormat) {
    this.#path = path
    this.#format = format
  }

  /** A file that is gone, or empty, is no news: it is made again, whole, with the next change. */
  async pull(): Promise<PulledCookies | null> {
    const file = await this.#read()
    if (file === null || file.bytes.length === 0 || file.mark === this.#pulled) return null
    const cookies = new EditableCookies(this.#format, file.bytes).cookies(file.at)
    const partial = Date.now() - file.at < settledMs
    if (!partial) this.#pulled = file.mark
    return { cookies, at: file.at, partial }
  }

  async push(changes: readonly CookieTargetChange[], all: readonly Cookie[]): Promise<void> {
    const path = await realpath(this.#path).catch(() => this.#path)
    for (let left = tries; left > 0; left--) {
      const file = await this.#read()
      const edited = new EditableCookies(this.#format, file?.bytes ?? Buffer.alloc(0))
      for (const change of file === null || file.bytes.length === 0 ? all.map((put) => ({ put })) : changes) edit(edited, change)
      if (await replace(path, file, edited.bytes())) return
    }
    throw new Error('the file is written by somebody else all the time')
  }

  /** null: there is none. Rejects with what is wrong with it. */
  async #read(): Promise<Found | null> {
    try {
      const info = await stat(this.#path)
      if (!info.isFile()) throw new Error('it is no file: name another path')
      const bytes = await readFile(this.#path)
      if (markOf(await stat(this.#path)) !== markOf(info)) throw new Error('somebody writes it just now')
      return { bytes, mark: markOf(info), mode: info.mode & 0o777, at: info.mtimeMs }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw inWords(error)
    }
  }
}

function edit(edited: EditableCookies, change: CookieTargetChange): void {
  if ('put' in change && !hasExpired(change.put, Date.now())) edited.put(change.put)
  else edited.remove('put' in change ? change.put : change.gone)
}

/** Writes beside, then renames. False: somebody wrote it meanwhile. */
async function replace(path: string, before: Found | null, bytes: Buffer): Promise<boolean> {
  const partial = `${path}.${process.pid}-${Math.random().toString(36).slice(2, 8)}.partial`
  try {
    await writeFile(partial, bytes, { mode: before?.mode ?? 0o600 })
    const mark = await stat(path).then(markOf, () => null)
    if (mark === (before?.mark ?? null)) {
      await rename(partial, path)
      return true
    }
  } catch (error) {
    await rm(partial, { force: true })
    throw inWords(error)
  }
  await rm(partial, { force: true })
  return false
}

const markOf = ({ ino, size, mtimeMs }: { ino: number; size: number; mtimeMs: number }): string => `${ino} ${size} ${mtimeMs}`

const permissions = 'weir may not read or write it: change its permissions, or those of its folder'
const reasons: { readonly [code: string]: string } = {
  EACCES: permissions,
  EPERM: permissions,
  EROFS: 'it lies on a disk that is read-only: name another path',
  ENOSPC: 'the disk is full: make room',
  ENOENT: 'its folder does not exist: make it',
  ENOTDIR: 'a part of its path is not a folder: name another path',
  EBUSY: 'another program holds it',
}

function inWords(error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException
  return code === undefined ? (error as Error) : new Error(reasons[code] ?? `the file cannot be used (${code})`)
}
