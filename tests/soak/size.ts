/** How much a guarantee's check does: a seeded slice in every test run, the sizes of the promise with `npm run soak`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const resultsFolder = join(import.meta.dirname, 'results')

/** Share of the full sizes, 0 to 1; null: an ordinary test run. */
const scale = process.env.WEIR_SOAK ? Number(process.env.WEIR_SOAK) : null

/** Limits that mean nothing on a machine with other work to do are checked in a soak only. */
export const isSoak = scale !== null

/** `slice` in a test run, `full` in a soak (a smaller one never goes below the slice). */
export const sizeOf = (slice: number, full: number): number => (scale === null ? slice : Math.max(slice, Math.round(full * scale)))

/** Time that a check of this size may take, ms: soaks run for as long as they need. */
export const timeoutOf = (ms: number): number => (scale === null ? ms : 12 * 3_600_000)

export interface Outcome {
  promise: number
  /** Of several checks of a promise, which: the name in the table of `promises.ts`. */
  check: string
  /** What was run, with its size. */
  ran: string
  /** What came out; a check that failed leaves none. */
  result: string
}

export interface KeptOutcome extends Outcome {
  /** When, UTC, to the minute. */
  date: string
}

export const resultPath = (promise: number, check: string): string => join(resultsFolder, `${promise}-${check}.json`)

/** Kept for docs/guarantees.md; nothing outside a soak. */
export function keepOutcome(outcome: Outcome): void {
  if (scale === null) return
  mkdirSync(resultsFolder, { recursive: true })
  const kept: KeptOutcome = { ...outcome, date: new Date().toISOString().slice(0, 16) }
  writeFileSync(resultPath(outcome.promise, outcome.check), `${JSON.stringify(kept, null, 2)}\n`)
}
