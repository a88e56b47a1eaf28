/** Bodies of responses in the tabs where the user asked for them, by chrome.debugger; the browser shows a banner meanwhile. */
import { fromBase64 } from './request-body.ts'

/** One that the debugger has told of, until webRequest claims it. */
interface Told {
  key: string
  /** Another one of the same method and URL was there: nobody can say which is which. */
  isAmbiguous: boolean
  isClaimed: boolean
  finish(body: Uint8Array | null): void
  /** null: there is none that could be read. */
  body: Promise<Uint8Array | null>
  /** When it did; one that nobody claims then is none of webRequest's. */
  endedAt: number
}

interface Tab {
  told: Map<string, Told>
  /** Who waits for the debugger to tell of theirs. */
  arrivals: Set<() => void>
}

/** The two ways by which the browser tells are not in step, ms. */
const inStepMs = 1_000
/** For a body, ms. */
const readMs = 5_000
const mostBytes = 16 * 1024 * 1024
const mostTold = 1_000

export class TabBodies {
  readonly #tabs = new Map<number, Tab>()
  readonly #changed: () => void

  /** @param changed another tab is on or off */
  constructor(changed: () => void) {
    this.#changed = changed
    if (!TabBodies.arePossible) return
    chrome.debugger.onEvent.addListener(({ tabId }, method, params) => {
      const tab = this.#tabs.get(tabId ?? -1)
      if (tab && tabId !== undefined) this.#hear(tabId, tab, method, (params ?? {}) as { [name: string]: unknown })
    })
    // The user has closed the banner, or the tab.
    chrome.debugger.onDetach.addListener(({ tabId }) => {
      if (tabId !== undefined) this.#forget(tabId)
    })
  }

  static get arePossible(): boolean {
    return 'debugger' in chrome
  }

  has(tabId: number): boolean {
    return this.#tabs.has(tabId)
  }

  /** Rejects where the browser does not allow it: its own pages, other debuggers. */
  async turnOn(tabId: number): Promise<void> {
    if (this.has(tabId)) return
    await chrome.debugger.attach({ tabId }, '1.3')
    await this.#enable(tabId)
  }

  /** What was on before the service worker slept still is: the browser keeps it attached. */
  async takeUp(): Promise<void> {
    if (!TabBodies.arePossible) return
    const own = (await chrome.debugger.getTargets()).filter(({ attached, tabId }) => attached && tabId !== undefined)
    for (const { tabId = -1 } of own) await this.#enable(tabId).catch(() => undefined)
  }

  async turnOff(tabId: number): Promise<void> {
    if (!this.has(tabId)) return
    this.#forget(tabId)
    await chrome.debugger.detach({ tabId })
  }

  /** The body of a response that has ended; null: the tab is not on, it could not be read, or it may be another's. */
  async take(tabId: number, method: string, url: string): Promise<Uint8Array | null> {
    const tab = this.#tabs.get(tabId)
    if (!tab) return null
    const key = `${method} ${url.replace(/#.*$/s, '')}`
    const found = (await this.#await(tab, key)) ?? null
    if (found === null) return null
    const [requestId, told] = found
    told.isClaimed = true
    const body = await Promise.race([told.body, new Promise<null>((resolve) => setTimeout(() => resolve(null), readMs))])
    tab.told.delete(requestId)
    return told.isAmbiguous ? null : body
  }

  async #enable(tabId: number): Promise<void> {
    this.#tabs.set(tabId, { told: new Map(), arrivals: new Set() })
    try {
      await chrome.debugger.sendCommand({ tabId }, 'Network.enable', {
        maxTotalBufferSize: 64 * 1024 * 1024,
        maxResourceBufferSize: mostBytes,
      })
    } catch (error) {
      this.#tabs.delete(tabId)
      throw error
    }
    this.#changed()
  }

  #forget(tabId: number): void {
    for (const { finish } of this.#tabs.get(tabId)?.told.values() ?? []) finish(null)
    if (this.#tabs.delete(tabId)) this.#changed()
  }

  async #await(tab: Tab, key: string): Promise<[string, Told] | undefined> {
    const find = () => [...tab.told].find(([, { key: one, isClaimed }]) => one === key && !isClaimed)
    const deadline = Date.now() + inStepMs
    while (!find() && Date.now() < deadline) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now())
        tab.arrivals.add(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
    return find()
  }

  #hear(tabId: number, tab: Tab, method: string, params: { [name: string]: unknown }): void {
    const requestId = String(params.requestId)
    if (method === 'Network.requestWillBeSent') this.#begin(tab, requestId, params.request as { method: string; url: string })
    // webRequest does not tell of those.
    else if (method === 'Network.requestServedFromCache') tab.told.delete(requestId)
    else if (method === 'Network.loadingFailed' || method === 'Network.loadingFinished') this.#end(tabId, tab, requestId, method)
  }

  #end(tabId: number, tab: Tab, requestId: string, method: string): void {
    const told = tab.told.get(requestId)
    if (!told) return
    told.endedAt = Date.now()
    if (method === 'Network.loadingFailed') told.finish(null)
    else void this.#read(tabId, requestId).then(told.finish)
  }

  #begin(tab: Tab, requestId: string, { method, url }: { method: string; url: string }): void {
    // A redirect keeps its id: what went before it has no body that could be read.
    tab.told.get(requestId)?.finish(null)
    const key = `${method} ${url}`
    for (const [id, { endedAt }] of tab.told) if (Date.now() - endedAt > readMs) tab.told.delete(id)
    const twins = [...tab.told.values()].filter((told) => told.key === key)
    for (const twin of twins) twin.isAmbiguous = true
    const { promise, resolve } = Promise.withResolvers<Uint8Array | null>()
    tab.told.set(requestId, { key, isAmbiguous: twins.length > 0, isClaimed: false, finish: resolve, body: promise, endedAt: Infinity })
    if (tab.told.size > mostTold) for (const [oldest] of [...tab.told].slice(0, 1)) tab.told.delete(oldest)
    for (const arrived of tab.arrivals) arrived()
    tab.arrivals.clear()
  }

  async #read(tabId: number, requestId: string): Promise<Uint8Array | null> {
    try {
      const found = (await chrome.debugger.sendCommand({ tabId }, 'Network.getResponseBody', { requestId })) as {
        body: string
        base64Encoded: boolean
      }
      return found.base64Encoded ? fromBase64(found.body) : new TextEncoder().encode(found.body)
    } catch {
      // The browser has let it go.
      return null
    }
  }
}
