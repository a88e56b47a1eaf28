/** The hosts of a session, at the foot of the live table. */
import type { Client } from '../../sdk/client.ts'
import type { Output } from './output.ts'
import { type Overview, overviewLines } from './overview-table.ts'

const shown = 5
/** Terminals lower than this keep their lines for the exchanges. */
const lowest = 24
const restMs = 1000

export class LiveOverview {
  readonly #client: Client
  readonly #sessionId: string
  readonly #out: Output
  readonly #now: () => number
  #overview: Overview | null = null
  #clock = ''
  #isAsking = false
  #dueAt = 0

  constructor(client: Client, sessionId: string, out: Output, now = () => performance.now()) {
    this.#client = client
    this.#sessionId = sessionId
    this.#out = out
    this.#now = now
  }

  /** Asks anew, without waiting for the answer, when the session has moved on: once a second, and a fifth of the time at most. */
  refresh(clock: string): void {
    if (!this.#hasRoom() || this.#isAsking || clock === this.#clock || this.#now() < this.#dueAt) return
    const began = this.#now()
    this.#isAsking = true
    this.#clock = clock
    this.#client
      .call('session/overview', { sessionId: this.#sessionId, by: 'host', limit: shown })
      .then((overview) => {
        this.#overview = overview
      })
      // What is wrong with the daemon, the table hears as well.
      .catch(() => undefined)
      .finally(() => {
        this.#isAsking = false
        this.#dueAt = this.#now() + Math.max(restMs, 4 * (this.#now() - began))
      })
  }

  /** As last answered. */
  get lines(): string[] {
    if (this.#overview === null || this.#overview.total.exchanges === 0 || !this.#hasRoom()) return []
    return ['', ...overviewLines(this.#overview, 'host', this.#out)]
  }

  #hasRoom(): boolean {
    return this.#out.height >= lowest
  }
}
