/** The cookie jars of a home, as the main thread knows them: a thread of their own has the file, and is started at their first use. */
import { writeFile } from 'node:fs'
import { promisify } from 'node:util'
import type { Cookie } from '../../sdk/cookie/cookie.ts'
import type { JarChange } from '../../sdk/cookie/wire.ts'
import { invalidParams, limitExceeded } from '../../sdk/errors.ts'
import { limits } from '../../sdk/limits.ts'
import type { Params, Result } from '../../sdk/protocol.ts'
import { cannotOpen, OutFile } from '../plugin/out-file.ts'
import { entry } from '../thread/entry.ts'
import { ThreadSupervisor } from '../thread/supervisor.ts'
import type { JarContext, JarEvents, JarSurface } from './surface.ts'

export interface JarsOptions {
  home: string
  /** The folder of the session files, into which nothing is exported. */
  sessions: string
  fault(message: string, error: unknown): void
  /** Another thread than weir's own, for a test of how it dies. */
  threadEntry?: URL
}

export class Jars {
  readonly #thread: ThreadSupervisor<JarSurface>
  readonly #sessions: string

  constructor({ home, sessions, fault, threadEntry = entry(import.meta.url, './thread') }: JarsOptions) {
    this.#sessions = sessions
    const surface: JarEvents = { fault: ({ error }) => fault('the jar thread failed inside', error) }
    this.#thread = new ThreadSupervisor<JarSurface>({
      name: 'jar',
      entry: threadEntry,
      surface,
      prepare: (link) => link.call('open', { home }),
      fault,
    })
  }

  /** For who sends a request: the value of its Cookie field, bytes above 127 as U+0080..00FF; null: none goes, or there is no such jar. */
  cookieField(jar: string, request: JarContext): Promise<string | null> {
    return this.#thread.call('cookieField', { jar, request })
  }

  /** For who got the response: takes its Set-Cookie fields in their order, and says what became of each. Makes the jar. */
  take(jar: string, response: JarContext, setCookie: readonly string[]): Promise<JarChange[]> {
    return setCookie.length === 0 ? Promise.resolve([]) : this.#thread.call('take', { jar, response, setCookie })
  }

  async list(): Promise<Result<'jar/list'>> {
    return { items: await this.#thread.call('list', {}) }
  }

  async get({ jar, domain, name, path, url, topLevel, from }: Params<'jar/get'>): Promise<{ items: Cookie[] }> {
    const request = url === undefined ? undefined : { url, topLevel, from }
    return { items: await this.#thread.call('get', { jar, select: { domain, name, path }, request }) }
  }

  async set({ jar, cookies = [], url, topLevel, setCookie = [] }: Params<'jar/set'>): Promise<{ items: JarChange[] }> {
    if (setCookie.length > 0 && url === undefined)
      throw invalidParams('urlMissing', 'Set-Cookie fields need the url they come from', [{ path: '/url', message: 'is missing' }])
    const given = await this.#thread.call('set', { jar, cookies })
    return { items: url === undefined ? given : [...given, ...(await this.take(jar, { url, topLevel }, setCookie))] }
  }

  async delete({ jar, domain, name, path }: Params<'jar/delete'>): Promise<{ deleted: number }> {
    const isAll = domain === undefined && name === undefined && path === undefined
    const select = { domain, name, path }
    return {
      deleted: await (isAll ? this.#thread.call('delete', { jar }) : this.#thread.call('remove', { jar, select, exactDomain: true })),
    }
  }

  async clear({ jar, domain }: Params<'jar/clear'>): Promise<{ deleted: number }> {
    return { deleted: await this.#thread.call('remove', { jar, select: { domain }, exactDomain: false }) }
  }

  import({ jar, path, text = '', format, url, keepGood = false }: Params<'jar/import'>): Promise<Result<'jar/import'>> {
    return this.#thread.call('import', { jar, source: path === undefined ? { text } : { path }, format, url, keepGood })
  }

  async export({ jar, format, domain, out }: Params<'jar/export'>): Promise<Result<'jar/export'>> {
    const { bytes, cookies, leftOut } = await this.#thread.call('export', { jar, format, select: { domain } })
    if (out === undefined && bytes.byteLength > limits.textBytes)
      throw limitExceeded('textTooLong', `the file has more than ${limits.textBytes / 1024 ** 2} MiB: name a file with out`)
    if (out === undefined) return { text: Buffer.from(bytes).toString('utf8'), cookies, leftOut }
    const file = await OutFile.open(out, this.#sessions)
    try {
      await promisify(writeFile)(file.descriptor, bytes)
    } catch (error) {
      await file.discard()
      throw cannotOpen(error as NodeJS.ErrnoException)
    }
    await file.keep()
    return { path: out, cookies, leftOut }
  }

  /** What has been answered is on the disk. */
  async stop(): Promise<void> {
    await this.#thread.stop()
  }
}
