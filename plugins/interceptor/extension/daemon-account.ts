/** The one connection to the daemon: made when it is needed, made anew when it is lost, ever more slowly. */
import { DaemonLink, type Paired, pair } from './daemon-link.ts'

/** A message at least so often keeps the service worker awake while it is connected (Chromium ends it after 30 s without one), ms. */
const keepAliveMs = 20_000
const firstRetryMs = 500
const longestRetryMs = 30_000

export type LinkState = 'unpaired' | 'connecting' | 'connected' | 'refused'

export interface AccountOptions {
  paired: Paired | null
  keep(paired: Paired | null): void
  connected(): void
  notified(method: string, params: unknown): void
  changed(): void
}

export class DaemonAccount {
  readonly #options: AccountOptions
  #paired: Paired | null
  #link: DaemonLink | null = null
  #isOpening = false
  #isRefused = false
  #retryMs = firstRetryMs
  #retryTimer: ReturnType<typeof setTimeout> | undefined

  constructor(options: AccountOptions) {
    this.#options = options
    this.#paired = options.paired
    setInterval(() => void this.#link?.call('session/list', { state: 'running' }).catch(() => undefined), keepAliveMs)
  }

  get state(): LinkState {
    if (!this.#paired) return 'unpaired'
    if (this.#isRefused) return 'refused'
    return this.#link ? 'connected' : 'connecting'
  }

  get port(): number | null {
    return this.#paired?.port ?? null
  }

  /** null: there is none now. */
  get link(): DaemonLink | null {
    return this.#link
  }

  /** Rejects with the daemon's own words. */
  async pair(port: number, code: string): Promise<void> {
    this.#take(await pair(port, code, `extension in ${browserName()}`))
    await this.connect()
  }

  unpair(): void {
    this.#take(null)
  }

  /** Tries now, whatever the pace. Never rejects. */
  async connect(): Promise<void> {
    if (!this.#paired || this.#link || this.#isOpening || this.#isRefused) return
    clearTimeout(this.#retryTimer)
    this.#isOpening = true
    let link: DaemonLink | null = null
    try {
      link = await DaemonLink.open({
        ...this.#paired,
        client: { name: 'weir-extension', version: chrome.runtime.getManifest().version },
        notified: (method, params) => this.#options.notified(method, params),
        closed: (how) => this.#closed(link, how),
      })
      this.#link = link
      this.#retryMs = firstRetryMs
      this.#options.connected()
    } catch {
      // `closed` has heard of it, too.
    } finally {
      this.#isOpening = false
      this.#options.changed()
    }
  }

  #take(paired: Paired | null): void {
    this.#paired = paired
    this.#isRefused = false
    this.#options.keep(paired)
    this.#link?.close()
    this.#link = null
    this.#options.changed()
  }

  /** @param link null: it was never open */
  #closed(link: DaemonLink | null, how: 'refused' | 'lost'): void {
    // Of one that was let go it is nothing.
    if (this.#link !== link) return
    this.#link = null
    if (how === 'refused') this.#isRefused = true
    else if (this.#paired) {
      this.#retryTimer = setTimeout(() => void this.connect(), this.#retryMs)
      this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs)
    }
    this.#options.changed()
  }
}

/** `Chromium 156.0.0.0`, `Firefox 140.0`. */
export function browserName(): string {
  const [, name = 'a browser', version = ''] = /(Firefox|Edg|Chrome)\/([\d.]+)/.exec(navigator.userAgent) ?? []
  return `${{ Chrome: 'Chromium', Edg: 'Edge' }[name] ?? name} ${version}`.trim()
}
