/** The filters of open sessions: which modules they are, what they were read from, and how a new version of them is taken up. */
import { isAbsolute } from 'node:path'
import { codes, invalidParams, WeirError } from '../../sdk/errors.ts'
import { moduleName } from '../../sdk/plugin/module-name.ts'
import type { NotificationParams } from '../../sdk/protocol.ts'
import type { Log } from '../log.ts'
import type { FileWatch } from '../plugin/file-watch.ts'
import type { FilterFault } from '../plugin/filters/filter-step.ts'
import type { FilterSpec } from '../plugin/filters/open-filters.ts'
import type { RunningCall } from '../plugin/filters/running-filter.ts'
import type { PluginDirectory } from '../plugin/plugin-directory.ts'
import { isThreadLost } from '../thread/supervisor.ts'
import type { CaptureThreads } from './capture-threads.ts'
import type { Session, SessionSettings } from './session.ts'

export interface SessionFiltersOptions {
  threads: CaptureThreads
  log: Log
  plugins: PluginDirectory
  files: FileWatch
  pluginFailed(failure: NotificationParams<'plugin/didFail'>): void
}

/** What the filters of an open session are. */
interface Used {
  /** The user's modules, in their order. */
  modules: readonly string[]
  /** The user's files that they were loaded from. */
  files: readonly string[]
  /** Why the version that is on disk cannot be used. */
  fault: string | null
  /** Of each filter, in their order. */
  numbers: readonly number[]
  /** Places of those that a recorder did not come back from. */
  stuck: Set<number>
}

export class SessionFilters {
  readonly #options: SessionFiltersOptions
  readonly #used = new Map<Session, Used>()
  #numbers = 0

  constructor(options: SessionFiltersOptions) {
    this.#options = options
  }

  /** Which modules they mean. @throws -32602 invalidFilter */
  specsOf({ filters = [] }: SessionSettings): Promise<FilterSpec[]> {
    return Promise.all(
      filters.map(async ({ plugin, config = {} }, index) => {
        const find = () => this.#options.plugins.find('filter', plugin).catch(unknown(index))
        const found = isAbsolute(plugin) ? { module: plugin, builtIn: false } : await find()
        return { plugin, config, ...found, number: ++this.#numbers, isStuck: false }
      }),
    )
  }

  /** The same for a recorder that replaces another: those that the other did not come back from stay out of use until filters are set again. */
  async specsAgain(session: Session): Promise<FilterSpec[]> {
    const stuck = this.#used.get(session)?.stuck
    const specs = await this.specsOf(session.settings)
    return specs.map((spec, place) => ({ ...spec, isStuck: stuck?.has(place) ?? false }))
  }

  /** Opens the session, with these. */
  async opened<Result extends { filterFiles: readonly string[] }>(
    session: Session,
    filters: readonly FilterSpec[],
    open: () => Promise<Result>,
  ): Promise<Result> {
    const modules = modulesOf(filters)
    const { files } = this.#options
    const before = this.#used.get(session)
    // Before they are read, too, for they may change meanwhile.
    files.watch(session, [...modules, ...(before?.modules ?? []), ...(before?.files ?? [])])
    try {
      const result = await open()
      files.watch(session, [...modules, ...result.filterFiles])
      const stuck = new Set(filters.flatMap(({ isStuck }, place) => (isStuck ? [place] : [])))
      this.#used.set(session, { modules, files: result.filterFiles, fault: null, numbers: filters.map(({ number }) => number), stuck })
      this.#watchRecorder()
      return result
    } catch (error) {
      if (before === undefined) files.watch(session, [])
      throw error
    }
  }

  /** From the next exchange on. @throws -32602 invalidFilter, and it keeps those it had. */
  async set(session: Session, filters: FilterSpec[]): Promise<void> {
    const { recorder } = this.#options.threads
    await this.opened(session, filters, () => recorder.call('setFilters', { handle: session.handle, filters }))
  }

  /** It is not open any more. */
  forget(session: Session): void {
    this.#used.delete(session)
    this.#options.files.watch(session, [])
    this.#watchRecorder()
  }

  #watchRecorder(): void {
    const { filterWatch } = this.#options.threads
    if ([...this.#used.values()].some(({ numbers }) => numbers.length > 0)) filterWatch.start()
    else filterWatch.stop()
  }

  /** A recorder ended in one of them. In the next one it is asked no more. */
  stuck({ filter, hook, seq }: RunningCall): void {
    for (const [session, { numbers, stuck }] of this.#used) {
      const place = numbers.indexOf(filter)
      if (place < 0) continue
      stuck.add(place)
      const plugin = moduleName(session.settings.filters?.[place]?.plugin ?? '')
      const message = 'it did not come to an end, and the recorder was ended with it'
      this.failed(session, { plugin, hook, message, ...(seq !== 0 && { seq }), disabled: true })
      return
    }
    // Of filters that were replaced meanwhile: the next recorder does not know them.
    this.#options.log.write('warn', 'a filter that was replaced did not come to an end, and the recorder was ended with it')
  }

  /** From the next exchange on it has what has changed; where that cannot be used, it goes on with what it has, and that is told once. */
  async reload(session: Session, changed: ReadonlySet<string>): Promise<void> {
    const used = this.#used.get(session)
    if (used === undefined) return
    try {
      const filters = await this.specsOf(session.settings)
      if (used.fault === null && isSame(used.modules, modulesOf(filters)) && !hasAny(changed, used)) return
      // What has passed is decided by the old ones.
      await this.#options.threads.settle()
      await this.set(session, filters)
      this.#options.log.write('info', 'filters were read again', { session: session.id })
    } catch (error) {
      // A new recorder reads them anyway.
      if (!isThreadLost(error)) this.#keep(session, used, error)
    }
  }

  /** One of them did not do its work; that is logged and told. */
  failed(session: Session, { plugin, hook, message, seq, disabled }: FilterFault): void {
    const failure = {
      plugin,
      reason: disabled ? 'filterDisabled' : 'pluginFailed',
      message: `filter ${plugin}: ${message}${disabled ? '; it is asked no more in this session' : ''}`,
      sessionId: session.id,
      hook,
      ...(seq !== undefined && { seq }),
      ...(disabled && { disabled }),
    }
    this.#options.log.write('warn', failure.message, { session: session.id, ...(seq !== undefined && { seq }) })
    this.#options.pluginFailed(failure)
  }

  #keep(session: Session, used: Used, error: unknown): void {
    const { log, pluginFailed } = this.#options
    if (!(error instanceof WeirError)) {
      log.fault('filters could not be read again', error, { session: session.id })
      return
    }
    if (used.fault === error.message) return
    used.fault = error.message
    const at = Number(/^\/filters\/(\d+)/.exec(error.data.errors?.[0]?.path ?? '')?.[1])
    const plugin = session.settings.filters?.[at]?.plugin ?? ''
    const message = `${error.message}; the session goes on with the version that it has`
    log.write('warn', message, { session: session.id })
    pluginFailed({ plugin, reason: error.reason, message, sessionId: session.id })
  }
}

const modulesOf = (filters: readonly FilterSpec[]): string[] => filters.filter(({ builtIn }) => !builtIn).map(({ module }) => module)

const isSame = (before: readonly string[], now: readonly string[]): boolean =>
  before.length === now.length && before.every((module, at) => module === now[at])

const hasAny = (changed: ReadonlySet<string>, { modules, files }: Used): boolean => [...modules, ...files].some((file) => changed.has(file))

const unknown =
  (index: number) =>
  (error: unknown): never => {
    if (!(error instanceof WeirError) || error.code !== codes.notFound) throw error
    throw invalidParams('invalidFilter', error.message, [{ path: `/filters/${index}/plugin`, message: error.message }])
  }
