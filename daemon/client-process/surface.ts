/** What the thread that looks for clients' processes is asked and answers. Nothing of a process but this is read: never its arguments. */
import type { ClientProcess, Endpoint } from '../../sdk/model.ts'

/** A connection whose client runs on this machine. */
export interface Asked {
  /** Names it in the answer. */
  id: number
  /** Its two ends, as the proxy sees them. */
  client: Endpoint
  proxy: Endpoint
}

export interface Answer {
  id: number
  /** null: it is gone, or another user's. */
  process: ClientProcess | null
}

/** One look at the system answers for all; those that are not found are left out. */
export interface ProcessFinder {
  find(asked: readonly Asked[]): Promise<Map<number, ClientProcess>>
}
