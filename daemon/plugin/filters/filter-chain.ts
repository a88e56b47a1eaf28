/** The filters of a session in their order: each sees what the one before it left. */
import type { FilteredExchange } from '../../../sdk/plugin.ts'
import type { Decide } from '../../../sdk/query/predicate.ts'
import type { Answer, FilterStep, Foreseen, Outcome } from './filter-step.ts'

export interface Decision {
  /** The very exchange that was given when nothing has changed it; null: it is not recorded. */
  kept: Answer
  /** One of them failed, and its `onError` decided. */
  failed: boolean
}

export class FilterChain {
  /** The user's files that were loaded for it. */
  readonly files: readonly string[]
  readonly #steps: readonly FilterStep[]
  /** How many come before the first that is a function. */
  readonly #foreseeing: number

  constructor(steps: readonly FilterStep[], files: readonly string[] = []) {
    this.#steps = steps
    this.files = files
    const first = steps.findIndex(({ foresees }) => !foresees)
    this.#foreseeing = first < 0 ? steps.length : first
  }

  /** Some are functions: they are asked when an exchange has ended. */
  get hasFunctions(): boolean {
    return this.#foreseeing < this.#steps.length
  }

  /** What the queries before the first function say of an exchange that may still pass. Never throws. See `FilterStep.foresee`. */
  foresee(seq: number, bytes: number, ask: (query: Decide) => boolean | null): Foreseen {
    let foreseen: Foreseen = { wanted: true, failed: false }
    for (let at = 0; at < this.#foreseeing; at++) {
      const { wanted, failed } = (this.#steps[at] as FilterStep).foresee(seq, bytes, ask)
      if (wanted === false) return { wanted, failed }
      foreseen = { wanted: wanted === null ? null : foreseen.wanted, failed: failed || foreseen.failed }
    }
    return foreseen
  }

  /** Of an exchange that has ended and that those before the first function want. At once, as far as all filters decide at once. Never throws or rejects. */
  decide(exchange: FilteredExchange): Decision | Promise<Decision> {
    return this.#from(this.#foreseeing, exchange, false)
  }

  #from(first: number, exchange: FilteredExchange, failedBefore: boolean): Decision | Promise<Decision> {
    let kept = exchange
    let failed = failedBefore
    for (let at = first; at < this.#steps.length; at++) {
      const outcome = (this.#steps[at] as FilterStep).apply(kept)
      if (outcome instanceof Promise) return outcome.then((made) => this.#after(at, made, failed))
      failed ||= outcome.failed
      if (outcome.exchange === null) return { kept: null, failed: outcome.failed }
      kept = outcome.exchange
    }
    return { kept, failed }
  }

  #after(at: number, { exchange, failed }: Outcome, failedBefore: boolean): Decision | Promise<Decision> {
    return exchange === null ? { kept: null, failed } : this.#from(at + 1, exchange, failedBefore || failed)
  }

  close(): void {
    for (const step of this.#steps) step.dispose()
  }
}
