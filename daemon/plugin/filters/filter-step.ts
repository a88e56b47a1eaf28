/** One filter of a session behind its fence: whatever it does, there is a decision, and what went wrong is told with its name. */
import type { FilteredExchange } from '../../../sdk/plugin.ts'
import type { Decide } from '../../../sdk/query/predicate.ts'
import { said } from '../failure.ts'
import { disposing, type RunningFilter } from './running-filter.ts'

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
  /** It is a query: an exchange that still passes can be decided on. */
  decide?: Decide
  apply(exchange: FilteredExchange): Answer | Promise<Answer>
  dispose(): void
}

/** The process, not just one call of it, came to its end: restarting it for ever helps nobody. */
export class FilterDeath extends Error {}

/** What a query says of an exchange that may still pass. */
export interface Foreseen {
  /** null: it cannot be known yet. */
  wanted: boolean | null
  /** `onError` decided, not the query. */
  failed: boolean
}

/** Failures in a row, or deaths in all, until it is disabled. */
const patience = 3

export interface Outcome {
  exchange: Answer
  /** `onError` decided, not the filter. */
  failed: boolean
}

export interface FilterStepOptions {
  name: string
  /** null: it is not asked at all. */
  work: FilterWork | null
  onError: OnError
  /** As its FilterSpec has it. */
  number: number
  running: RunningFilter
  report(fault: FilterFault): void
}

/** How long a filter may hold up the recorder for an exchange, and how much longer for each MiB that it is given, ms. */
const silentMs = 1_000
const silentMsPerMiB = 1_000

export class FilterStep {
  readonly name: string
  readonly #options: FilterStepOptions
  #inARow = 0
  #deaths = 0
  #disposed = false

  constructor(options: FilterStepOptions) {
    this.name = options.name
    this.#options = options
  }

  get isDisabled(): boolean {
    return this.#options.work === null || this.#inARow >= patience || this.#deaths >= patience
  }

  /** It need not wait for the end of an exchange. */
  get foresees(): boolean {
    const { work } = this.#options
    return work === null || work.decide !== undefined
  }

  /**
   * Only where it `foresees`. Never throws.
   * @param seq of the exchange; 0: it has none yet @param bytes that it may have to look at @param ask asks the query about the exchange in hand
   */
  foresee(seq: number, bytes: number, ask: (query: Decide) => boolean | null): Foreseen {
    const { work, number, running, onError } = this.#options
    const byDefault: Foreseen = { wanted: onError === 'keep', failed: true }
    if (!work?.decide || this.isDisabled) return byDefault
    running.enter(number, seq, allowedMs(bytes))
    try {
      const wanted = ask(work.decide)
      if (wanted !== null) this.#inARow = 0
      return { wanted, failed: false }
    } catch (error) {
      this.#count(seq, error)
      return byDefault
    } finally {
      running.leave()
    }
  }

  /** Never throws or rejects. */
  apply(exchange: FilteredExchange): Outcome | Promise<Outcome> {
    const { work, number, running } = this.#options
    if (work === null || this.isDisabled) return this.#undecided(exchange)
    running.enter(number, exchange.seq, allowedMs(bytesOf(exchange)))
    try {
      const answer = work.apply(exchange)
      if (!(answer instanceof Promise)) return this.#decided(answer)
      return answer.then(
        (made) => this.#decided(made),
        (error: unknown) => this.#failed(exchange, error),
      )
    } catch (error) {
      return this.#failed(exchange, error)
    } finally {
      running.leave()
    }
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    const { work, number, running, report } = this.#options
    running.enter(number, disposing, silentMs)
    try {
      work?.dispose()
    } catch (error) {
      report({ plugin: this.name, hook: 'dispose', message: said(error) })
    } finally {
      running.leave()
    }
  }

  #decided(exchange: Answer): Outcome {
    this.#inARow = 0
    return { exchange, failed: false }
  }

  #failed(exchange: FilteredExchange, error: unknown): Outcome {
    this.#count(exchange.seq, error)
    return this.#undecided(exchange)
  }

  #count(seq: number, error: unknown): void {
    const before = this.isDisabled
    this.#inARow++
    if (error instanceof FilterDeath) this.#deaths++
    if (before) return
    const disabled = this.isDisabled ? ({ disabled: true } as const) : {}
    this.#options.report({ plugin: this.name, hook: 'apply', message: said(error), ...(seq > 0 && { seq }), ...disabled })
  }

  #undecided(exchange: FilteredExchange): Outcome {
    return { exchange: this.#options.onError === 'keep' ? exchange : null, failed: true }
  }
}

const allowedMs = (bytes: number): number => silentMs + (silentMsPerMiB * bytes) / (1024 * 1024)

/** What it has to look at, about. */
export function bytesOf({ bodies, messages }: FilteredExchange): number {
  let bytes = (bodies.request?.length ?? 0) + (bodies.response?.length ?? 0)
  for (const { text, data } of messages ?? []) bytes += (text?.length ?? 0) + (data?.length ?? 0)
  return bytes
}
