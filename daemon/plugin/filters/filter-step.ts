/** One filter of a session behind its fence: whatever it does, there is a decision, and what went wrong is told with its name. */
import type { FilteredExchange } from '../../../sdk/plugin.ts'
import { said } from '../failure.ts'

/** null: not wanted. */
export type Answer = FilteredExchange | null

/** What went wrong with a filter. */
export interface FilterFault {
  plugin: string
  /** What it was doing. */
  hook: 'apply' | 'dispose'
  message: string
  /** Of the exchange in hand. */
  seq?: number
  /** It is asked no more: its `onError` decides from now on. */
  disabled?: true
}

export type OnError = 'keep' | 'drop'

/** How it decides: here, or in a process of its own. Rejects or throws when it fails. */
export interface FilterWork {
  apply(exchange: FilteredExchange): Answer | Promise<Answer>
  dispose(): void
}

/** The process, not just one call of it, came to its end: restarting it for ever helps nobody. */
export class FilterDeath extends Error {}

/** Failures in a row, or deaths in all, until it is disabled. */
const patience = 3

export interface Outcome {
  exchange: Answer
  /** `onError` decided, not the filter. */
  failed: boolean
}

export class FilterStep {
  readonly name: string
  readonly #work: FilterWork
  readonly #onError: OnError
  readonly #report: (fault: FilterFault) => void
  #inARow = 0
  #deaths = 0
  #disposed = false

  constructor(name: string, work: FilterWork, onError: OnError, report: (fault: FilterFault) => void) {
    this.name = name
    this.#work = work
    this.#onError = onError
    this.#report = report
  }

  get isDisabled(): boolean {
    return this.#inARow >= patience || this.#deaths >= patience
  }

  /** Never throws or rejects. */
  apply(exchange: FilteredExchange): Outcome | Promise<Outcome> {
    if (this.isDisabled) return this.#undecided(exchange)
    try {
      const answer = this.#work.apply(exchange)
      if (!(answer instanceof Promise)) return this.#decided(answer)
      return answer.then(
        (made) => this.#decided(made),
        (error: unknown) => this.#failed(exchange, error),
      )
    } catch (error) {
      return this.#failed(exchange, error)
    }
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    try {
      this.#work.dispose()
    } catch (error) {
      this.#report({ plugin: this.name, hook: 'dispose', message: said(error) })
    }
  }

  #decided(exchange: Answer): Outcome {
    this.#inARow = 0
    return { exchange, failed: false }
  }

  #failed(exchange: FilteredExchange, error: unknown): Outcome {
    const before = this.isDisabled
    this.#inARow++
    if (error instanceof FilterDeath) this.#deaths++
    if (!before) {
      const disabled = this.isDisabled ? ({ disabled: true } as const) : {}
      this.#report({ plugin: this.name, hook: 'apply', message: said(error), seq: exchange.seq, ...disabled })
    }
    return this.#undecided(exchange)
  }

  #undecided(exchange: FilteredExchange): Outcome {
    return { exchange: this.#onError === 'keep' ? exchange : null, failed: true }
  }
}
