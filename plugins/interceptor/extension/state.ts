/** What outlives the service worker: pairing and filters for good, the rest until the browser ends. */
import type { Paired } from './daemon-link.ts'
import type { QueueState } from './event-queue.ts'
import { type Filters, noFilters } from './filters.ts'
import type { OpenRequests } from './web-requests.ts'

/** What the user has switched on. */
export interface CaptureSetting {
  sessionId: string
  /** null: the daemon has not been told yet, or knows it no more. */
  sourceId: string | null
  /** The session was started for this, and ends with it. */
  isOwn: boolean
  /** The session has a proxy that this browser may use. */
  viaProxy: boolean
}

export interface KeptState {
  paired: Paired | null
  filters: Filters
  /** Tells this run of the browser from others. */
  run: string
  capture: CaptureSetting | null
  queue: QueueState
  open: OpenRequests
}

export async function readState(): Promise<KeptState> {
  const [local, session] = await Promise.all([chrome.storage.local.get(), chrome.storage.session.get()])
  const kept = { ...local, ...session } as Partial<KeptState>
  return {
    paired: kept.paired ?? null,
    filters: kept.filters ?? noFilters,
    run: kept.run ?? crypto.randomUUID().slice(0, 8),
    capture: kept.capture ?? null,
    queue: kept.queue ?? { first: 1, events: [], lost: null },
    open: kept.open ?? [],
  }
}

export const keepForGood = (state: Partial<Pick<KeptState, 'paired' | 'filters'>>): Promise<void> => chrome.storage.local.set(state)
export const keepForNow = (state: Partial<Omit<KeptState, 'paired' | 'filters'>>): Promise<void> => chrome.storage.session.set(state)
