/** What the popup and the service worker say to each other. */
import type { SessionFacts } from './capture.ts'
import type { LinkState } from './daemon-account.ts'
import type { Filters } from './filters.ts'
import type { Seen } from './web-requests.ts'

export type Command =
  | { command: 'look'; tabId: number }
  | { command: 'pair'; port: number; code: string }
  | { command: 'unpair' }
  | { command: 'connect' }
  | { command: 'start'; sessionId: string | null }
  | { command: 'stop' }
  | { command: 'pause'; isPaused: boolean }
  | { command: 'filter'; filters: Filters }
  | { command: 'bodies'; tabId: number; isOn: boolean }

export interface Look {
  link: LinkState
  port: number | null
  /** null: nothing is switched on. */
  session: SessionFacts | null
  isCapturing: boolean
  problem: string | null
  /** That run and could be told, too. */
  sessions: SessionFacts[]
  filters: Filters
  /** Firefox has no such way. */
  canReadBodies: boolean
  bodiesOfTab: boolean
  waiting: number
  lost: number
  /** Since the worker woke up. */
  seen: number
  recent: Seen[]
}

/** `error`: in words for the user. */
export type Reply = { look: Look } | { error: string }
