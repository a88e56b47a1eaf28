/** The recorder thread and the proxy thread, joined by a channel of their own, and what brings each back after its death. */
import { MessageChannel } from 'node:worker_threads'
import type { Counts } from '../../sdk/model.ts'
import type { CatalogueEntry, RecorderData, RecorderEvents, RecorderSurface } from '../capture/surface.ts'
import { type Config, withoutOwnProxies } from '../config.ts'
import type { Log } from '../log.ts'
import type { FilterFault } from '../plugin/filters/filter-step.ts'
import { type RunningCall, RunningFilter } from '../plugin/filters/running-filter.ts'
import type { CaInfo, ListenerSettings, ProxyEvents, ProxySurface } from '../proxy/surface.ts'
import { entry } from '../thread/entry.ts'
import type { ThreadLink } from '../thread/link.ts'
import { ThreadSupervisor, unlessLost } from '../thread/supervisor.ts'
import { FilterWatch } from './filter-watch.ts'
import { Sends } from './send/sends.ts'

/** Who has sessions in the threads: brings them back into a thread that replaces a dead one. */
export interface SessionRecovery {
  reopen(recorder: ThreadLink<RecorderSurface>): Promise<void>
  relisten(proxy: ThreadLink<ProxySurface>): Promise<void>
  advanced(handle: number, change: number, counts: Counts): void
  /** All the exchanges that it may record are on record. */
  full(handle: number): void
  autoBypassed(handle: number, host: string): void
  filterFailed(handle: number, fault: FilterFault): void
  /** A recorder has ended in this call of a filter; it is not reopened yet. */
  filterStuck(call: RunningCall): void
}

export interface ThreadEntries {
  recorder: URL
  proxy: URL
}

const threadEntries: ThreadEntries = {
  recorder: entry(import.meta.url, '../capture/thread'),
  proxy: entry(import.meta.url, '../proxy/thread'),
}

/** The port of 127.0.0.1 that `npm start` tries first. */
const usualPort = 9347

export interface CaptureThreadsOptions {
  home: string
  /** Folder of Node's compile cache. */
  cache: string
  config: Config
  environment: NodeJS.ProcessEnv
  log: Log
  entries?: ThreadEntries
}

/** Under load commits are farther apart than 25 ms. */
const crowdedMs = 50

export class CaptureThreads {
  readonly recorder: ThreadSupervisor<RecorderSurface>
  readonly proxy: ThreadSupervisor<ProxySurface>
  /** To be started while there are filters. */
  readonly filterWatch: FilterWatch
  /** The requests that weir sends itself. */
  readonly sends = new Sends()
  /** Milliseconds between commits, as the recorder last said. */
  commitIntervalMs = 25
  /** When the recorder last said so. */
  #advancedAt = Number.NEGATIVE_INFINITY
  readonly #options: CaptureThreadsOptions
  #recovery: SessionRecovery | null = null
  /** What the recorder that is there says. */
  #running = new RunningFilter()
  #entries: CatalogueEntry[] = []
  #ca: CaInfo | null = null
  #joined: { recorder: ThreadLink<RecorderSurface>; proxy: ThreadLink<ProxySurface> } | null = null
  #joining: Promise<void> = Promise.resolve()

  constructor(options: CaptureThreadsOptions) {
    this.#options = options
    const { log, entries = threadEntries } = options
    const heard: RecorderEvents & ProxyEvents = {
      ...this.sends.heard,
      advanced: ({ handle, change, counts, commitIntervalMs }) => {
        this.commitIntervalMs = commitIntervalMs
        this.#advancedAt = performance.now()
        this.#recovery?.advanced(handle, change, counts)
      },
      full: ({ handle }) => this.#recovery?.full(handle),
      filterFailed: ({ handle, ...fault }) => this.#recovery?.filterFailed(handle, fault),
      autoBypassed: ({ session, host }) => this.#recovery?.autoBypassed(session, host),
      log: ({ level, message, ...more }) => log.write(level, message, more),
    }
    const fault = (message: string, error: unknown) => log.fault(message, error)
    this.recorder = new ThreadSupervisor<RecorderSurface>({
      name: 'recorder',
      entry: entries.recorder,
      surface: heard,
      prepare: (link, isRestart) => this.#prepareRecorder(link, isRestart),
      data: () => this.#recorderData(),
      lost: () => this.#recorderLost(),
      fault,
    })
    this.proxy = new ThreadSupervisor<ProxySurface>({
      name: 'proxy',
      entry: entries.proxy,
      surface: heard,
      prepare: (link, isRestart) => this.#prepareProxy(link, isRestart),
      fault,
    })
    this.filterWatch = new FilterWatch({
      running: () => (this.recorder.current === null ? null : this.#running),
      stuck: () => void this.recorder.replace(),
    })
  }

  /** Captures take all they can get: commits are far apart, and there was one just now. */
  get isCrowded(): boolean {
    return this.commitIntervalMs > crowdedMs && performance.now() - this.#advancedAt < 4 * this.commitIntervalMs
  }

  /** Starts the recorder; resolves with what the catalogue holds. The proxy thread comes with the first need of it. */
  async start(recovery: SessionRecovery): Promise<CatalogueEntry[]> {
    this.#recovery = recovery
    await this.recorder.start()
    return this.#entries
  }

  /** Made when there is none yet. */
  async certificateAuthority(): Promise<CaInfo> {
    await this.proxy.start()
    return this.#ca as CaInfo
  }

  /** -32602 when the proxy could not use them. */
  async checkSettings(settings: ListenerSettings): Promise<void> {
    await this.proxy.call('checkSettings', { settings })
  }

  /** Everything that has passed is committed. */
  async settle(): Promise<void> {
    if (this.proxy.isPrepared) await unlessLost(this.proxy.call('flush', {}))
    await this.recorder.call('flush', {})
  }

  async connections(): Promise<number> {
    return this.proxy.isPrepared ? (await this.proxy.call('status', {})).connections : 0
  }

  async stop(): Promise<void> {
    this.filterWatch.stop()
    await Promise.all([this.proxy.stop(), this.recorder.stop()])
  }

  #recorderData(): RecorderData {
    this.#running = new RunningFilter()
    return { running: this.#running.memory }
  }

  /** Whatever it died of, when that was in a filter, the filter is the reason. */
  #recorderLost(): void {
    const call = this.#running.current()
    if (call !== null) this.#recovery?.filterStuck(call)
  }

  async #prepareRecorder(link: ThreadLink<RecorderSurface>, isRestart: boolean): Promise<void> {
    const { home, cache } = this.#options
    const { entries } = await link.call('openCatalogue', { home, cache, running: isRestart ? 'keep' : 'repair' })
    this.#entries = entries
    if (isRestart) await this.#recovery?.reopen(link)
    await this.#join()
  }

  async #prepareProxy(link: ThreadLink<ProxySurface>, isRestart: boolean): Promise<void> {
    const { home, config, environment } = this.#options
    const ports = new Set(this.#entries.flatMap(({ port }) => port ?? []).concat(usualPort))
    this.#ca = await link.call('configure', {
      home,
      limits: config.limits,
      extraCa: config.extraCa,
      clientProcesses: config.clientProcesses,
      environment: withoutOwnProxies(environment, ports),
      ownPorts: [],
    })
    await this.recorder.start()
    await this.#join()
    if (isRestart) await this.#recovery?.relisten(link)
  }

  /** Gives the two living threads a channel, unless they have one. One after another: both may have died. */
  #join(): Promise<void> {
    this.#joining = this.#joining.then(async () => {
      const recorder = this.recorder.current
      const proxy = this.proxy.current
      if (!recorder || !proxy || (this.#joined?.recorder === recorder && this.#joined.proxy === proxy)) return
      const { port1, port2 } = new MessageChannel()
      try {
        // Before the new proxy is attached; a new recorder knew no other.
        if (this.#joined?.recorder === recorder) await recorder.call('proxyLost', {})
        await recorder.call('attachProxy', { port: port1 }, [port1])
        await proxy.call('attachRecorder', { port: port2 }, [port2])
        this.#joined = { recorder, proxy }
      } catch (error) {
        this.#options.log.fault('the threads could not be joined; the one that died is being replaced', error)
      }
    })
    return this.#joining
  }
}
