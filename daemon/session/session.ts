/** One capture run: what the catalogue keeps of it, and where it lives in the threads while it is open. */
import { randomBytes } from 'node:crypto'
import type { Counts, Session as SessionView } from '../../sdk/model.ts'
import type { Params } from '../../sdk/protocol.ts'
import type { ProxySettings, TlsSettings } from '../../sdk/session-settings.ts'
import type { CatalogueEntry } from '../capture/surface.ts'
import type { Repair } from '../store/repair.ts'
import type { AutoStop } from './auto-stop.ts'

/** What it was started with or set to since; a resume starts it with the same. */
export interface SessionSettings extends Omit<Params<'session/start'>, 'name'> {
  proxy: ProxySettings | null
  tls: TlsSettings
  /** What tls.autoBypass has learned. */
  autoBypassed?: string[]
  /** Why it was stopped. */
  stopReason?: SessionView['stopReason']
}

/** Those of them that may change while it runs. */
export type SessionChanges = Omit<Params<'session/set'>, 'sessionId' | 'name'>

export const noCounts = (): Counts => ({
  exchanges: 0,
  failed: 0,
  filtered: 0,
  messages: 0,
  bytesSent: 0,
  bytesReceived: 0,
  gaps: 0,
})

export class Session {
  readonly id: string
  /** Absolute path of the session file. */
  readonly file: string
  readonly startedAt: number
  name: string
  state: SessionView['state']
  stoppedAt: number | null
  settings: SessionSettings
  counts: Counts
  /** What the next opening of its file has to do. */
  repair: Repair | null
  /** Names it in wire copies; for the life of the daemon. */
  readonly handle: number
  /** Open in the recorder. */
  isOpen = false
  /** It is being stopped: what is in flight may still come, nothing new begins. */
  isEnding = false
  /** Where it listens; null without a listener. */
  listening: { host: string; port: number } | null = null
  /** Of the names that tell its connections apart in their leaf certificates, while it `isTagged`; for the life of the daemon. */
  readonly tagDomain = `${randomBytes(8).toString('hex')}.tag.weir.invalid`
  isTagged = false
  /** The port it last had. */
  port: number | null
  /** While it is open. */
  autoStop: AutoStop | null = null
  #last: Promise<unknown> = Promise.resolve()

  constructor(entry: CatalogueEntry, file: string, handle: number) {
    this.id = entry.id
    this.file = file
    this.handle = handle
    this.startedAt = entry.startedAt
    this.name = entry.name
    this.state = entry.state
    this.stoppedAt = entry.stoppedAt
    this.settings = JSON.parse(entry.settings) as SessionSettings
    this.counts = entry.counts
    this.port = entry.port
    this.repair = entry.repair
  }

  /** As it stands on the wire. */
  view(): SessionView {
    return {
      id: this.id,
      name: this.name,
      state: this.state,
      startedAt: this.startedAt,
      ...(this.stoppedAt !== null && { stoppedAt: this.stoppedAt }),
      ...(this.state === 'stopped' && this.settings.stopReason && { stopReason: this.settings.stopReason }),
      proxy: this.listening,
      ...(this.settings.autoBypassed && { autoBypassed: [...this.settings.autoBypassed] }),
      ...(this.settings.filters?.length && { filters: this.settings.filters }),
      ...(this.settings.where && { where: this.settings.where }),
      file: this.file,
      counts: { ...this.counts },
    }
  }

  entry(): CatalogueEntry {
    const { id, name, state, startedAt, stoppedAt, port, counts, repair } = this
    return { id, name, state, startedAt, stoppedAt, port, counts, repair, settings: JSON.stringify(this.settings) }
  }

  /** Runs after everything that was asked of this session before. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }
}
