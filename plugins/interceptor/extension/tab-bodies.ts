/** Bodies of responses in the tabs where the user asked for them. */
import { InStep } from './in-step.ts'
import { fromBase64 } from './request-body.ts'
import type { Params, TabDebugger, TabListener } from './tab-debugger.ts'

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
  arrivals: InStep
}

/** For a body, ms. */
const readMs = 5_000
const mostTold = 1_000

export class TabBodies implements TabListener {
  readonly #tabs = new Map<number, Tab>()
  readonly #debugger: Pick<TabDebugger, 'has' | 'ask'>

  constructor(tabs: Pick<TabDebugger, 'has' | 'ask'>) {
    this.#debugger = tabs
  }

  /** The body of a response that has ended; null: the tab is not on, it could not be read, or it may be another's. */
  async take(tabId: number, method: string, url: string): Promise<Uint8Array | null> {
    if (!this.#debugger.has(tabId)) return null
    const tab = this.#tab(tabId)
    const key = `${method} ${url.replace(/#.*$/s, '')}`
    const found = await tab.arrivals.find(() => claim(tab, key))
    if (!found) return null
    const [requestId, told] = found
    const body = await Promise.race([told.body, new Promise<null>((resolve) => setTimeout(() => resolve(null), readMs))])
    tab.told.delete(requestId)
    return told.isAmbiguous ? null : body
  }

  leave(tabId: number): void {
    for (const { finish } of this.#tabs.get(tabId)?.told.values() ?? []) finish(null)
    this.#tabs.delete(tabId)
  }

  hear(tabId: number, method: string, params: Params): void {
    const tab = this.#tab(tabId)
    const requestId = String(params.requestId)
    if (method === 'Network.requestWillBeSent') this.#begin(tab, requestId, params.request as { method: string; url: string })
    // webRequest does not tell of those.
    else if (method === 'Network.requestServedFromCache') tab.told.delete(requestId)
    else if (method === 'Network.loadingFailed' || method === 'Network.loadingFinished') this.#end(tabId, tab, requestId, method)
  }

  #tab(tabId: number): Tab {
    const tab = this.#tabs.get(tabId) ?? { told: new Map(), arrivals: new InStep() }
    this.#tabs.set(tabId, tab)
    return tab
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
    tab.arrivals.arrived()
  }

  async #read(tabId: number, requestId: string): Promise<Uint8Array | null> {
    try {
      const found = (await this.#debugger.ask(tabId, 'Network.getResponseBody', { requestId })) as {
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

function claim({ told }: Tab, key: string): [requestId: string, told: Told] | undefined {
  const found = [...told].find(([, { key: one, isClaimed }]) => one === key && !isClaimed)
  if (found) found[1].isClaimed = true
  return found
}
