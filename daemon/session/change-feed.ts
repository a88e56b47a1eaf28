/** Tells of sessions that changed: at once, then at most once a second each. */
import type { Session } from './session.ts'

const intervalMs = 1000

export class ChangeFeed {
  readonly #tell: (session: Session) => void
  /** Told less than a second ago -> whether it changed since. */
  readonly #recent = new Map<Session, boolean>()
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(tell: (session: Session) => void) {
    this.#tell = tell
  }

  changed(session: Session): void {
    if (this.#recent.has(session)) this.#recent.set(session, true)
    else this.#tellNow(session)
  }

  /** Nothing more is told of it. */
  forget(session: Session): void {
    if (this.#recent.has(session)) this.#recent.set(session, false)
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #tellNow(session: Session): void {
    this.#recent.set(session, false)
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      const changedSince = this.#recent.get(session)
      this.#recent.delete(session)
      if (changedSince) this.#tellNow(session)
    }, intervalMs)
    this.#timers.add(timer)
    this.#tell(session)
  }
}
