/** The tabs of which their user wants more to be told than webRequest does: by chrome.debugger; the browser shows a banner meanwhile. */
import type { failureWhen } from './sight-lost.ts'

export interface Params {
  [name: string]: unknown
}

export interface TabListener {
  /** Events of the DevTools protocol, of a tab that is on. */
  hear(tabId: number, method: string, params: Params): void
  /** It is on no more. */
  leave(tabId: number, how: keyof typeof failureWhen): void
}

/** What the browser keeps of the bodies of a tab. */
const network = { maxTotalBufferSize: 64 * 1024 * 1024, maxResourceBufferSize: 16 * 1024 * 1024 }

export class TabDebugger {
  readonly #tabs = new Set<number>()
  readonly #listeners: TabListener[] = []
  readonly #changed: () => void

  /** @param changed another tab is on or off */
  constructor(changed: () => void) {
    this.#changed = changed
    if (!TabDebugger.isPossible) return
    chrome.debugger.onEvent.addListener(({ tabId = -1 }, method, params) => {
      if (this.has(tabId)) for (const listener of this.#listeners) listener.hear(tabId, method, (params ?? {}) as Params)
    })
    // The user has closed the banner, or the tab.
    chrome.debugger.onDetach.addListener(({ tabId = -1 }, reason) => this.#leave(tabId, reason === 'target_closed' ? 'gone' : 'takenAway'))
  }

  static get isPossible(): boolean {
    return 'debugger' in chrome
  }

  listen(listener: TabListener): void {
    this.#listeners.push(listener)
  }

  has(tabId: number): boolean {
    return this.#tabs.has(tabId)
  }

  ask(tabId: number, method: string, params: Params): Promise<unknown> {
    return chrome.debugger.sendCommand({ tabId }, method, params)
  }

  /** Rejects where the browser does not allow it: its own pages, other debuggers. */
  async turnOn(tabId: number): Promise<void> {
    if (this.has(tabId)) return
    await chrome.debugger.attach({ tabId }, '1.3')
    await this.#enable(tabId)
  }

  async turnOff(tabId: number): Promise<void> {
    if (!this.has(tabId)) return
    this.#leave(tabId, 'takenAway')
    await chrome.debugger.detach({ tabId })
  }

  /** What was on before the service worker slept still is: the browser keeps it attached. */
  async takeUp(): Promise<void> {
    if (!TabDebugger.isPossible) return
    const own = (await chrome.debugger.getTargets()).filter(({ attached, tabId }) => attached && tabId !== undefined)
    for (const { tabId = -1 } of own) await this.#enable(tabId).catch(() => undefined)
  }

  async #enable(tabId: number): Promise<void> {
    this.#tabs.add(tabId)
    try {
      await this.ask(tabId, 'Network.enable', network)
      // It tells when another page takes the place of the one that is there.
      await this.ask(tabId, 'Page.enable', {})
    } catch (error) {
      this.#tabs.delete(tabId)
      throw error
    }
    this.#changed()
  }

  #leave(tabId: number, how: keyof typeof failureWhen): void {
    if (!this.#tabs.delete(tabId)) return
    for (const listener of this.#listeners) listener.leave(tabId, how)
    this.#changed()
  }
}
