/** What `weir doctor` finds. */
import type { Client } from '../../../sdk/client.ts'
import type { Context } from '../context.ts'

/** good: as it should be. note: worth knowing. warning: something may go wrong. problem: something does not work. */
export type FindingState = 'good' | 'note' | 'warning' | 'problem'

export interface Finding {
  /** What was looked at, a word or two. */
  about: string
  state: FindingState
  found: string
  /** What to do; where nothing is wrong there is nothing to do. */
  advice?: string
}

/** @param client null: no daemon answers, and could not be started */
export type Check = (context: Context, client: Client | null) => Promise<Finding[]>

export const good = (about: string, found: string): Finding => ({ about, state: 'good', found })
export const note = (about: string, found: string, advice?: string): Finding => ({ about, state: 'note', found, ...(advice && { advice }) })
export const warning = (about: string, found: string, advice: string): Finding => ({ about, state: 'warning', found, advice })
export const problem = (about: string, found: string, advice: string): Finding => ({ about, state: 'problem', found, advice })
