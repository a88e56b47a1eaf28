/** What a bench is: rows of the report it answers for, what limits each, and how to run it. */
import type { Cores } from './measure/pinned-process.ts'

export interface Row {
  id: string
  work: string
  target: string
  /** What holds the number where it is: written by hand after profiling, kept when the report is made anew. */
  limits: string
}

export type Verdict = 'met' | 'missed' | 'INVALID' | 'not measured' | 'for information'

export interface RowResult {
  id: string
  measured: string
  verdict: Verdict
}

export interface Table {
  title: string
  columns: string[]
  rows: string[][]
}

export interface Outcome {
  rows: RowResult[]
  /** The numbers behind the rows. */
  tables: Table[]
  /** What a reader must know to read the numbers rightly; skipped systems too. */
  notes: string[]
}

export interface Context {
  /** Short runs, to see that something works or got better: never written to the report. */
  quick: boolean
  /** Names of the systems asked for; null: all that the bench knows. */
  only: readonly string[] | null
  /** The load generator and origin; the proxy on the one core; the proxy where it may spread. */
  cores: { load: Cores; one: Cores; spread: Cores }
  /** What `spread` means on this machine, in words. */
  spreadMeans: string
  /** A new empty folder, removed after the run. */
  folder(purpose: string): string
  log(line: string): void
}

export interface Bench {
  name: string
  rows: Row[]
  run(context: Context): Promise<Outcome>
}

/** `met` or `missed`, but INVALID when what was measured was not all on record. */
export function judge(valid: boolean, met: boolean): Verdict {
  if (!valid) return 'INVALID'
  return met ? 'met' : 'missed'
}
