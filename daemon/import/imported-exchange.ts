/** What importers make of the entries of a file: the one shape between the formats and the store. */
import type { WholeExchange } from '../store/exchange-records.ts'

/** What importers make of the entries of a file. */
export type ImportedExchange = WholeExchange

/** One entry of a file, and where it stands there, for people: `line 3`, `log.entries[2] (line 80)`. */
export type ImportedEntry = { at: string } & (
  | { exchange: ImportedExchange }
  /** It is well formed and no HTTP exchange. */
  | { leftOut: true }
  /** Why it cannot be read. */
  | { fault: string }
)

/** Why one entry cannot be read: a sentence about `it`, without its place. */
export class EntryFault extends Error {}

/** From here on the file cannot be read at all. */
export class BrokenFile extends Error {
  /** On which line, from 1; or where else. */
  readonly at: string

  constructor(message: string, at: string) {
    super(message)
    this.at = at
  }
}

/** Memory holds one entry: larger ones break the file, bytes. */
export const largestEntry = 256 * 1024 * 1024

/** null: it is no HTTP exchange. @param make may throw an EntryFault */
export function importedEntry(at: string, make: () => ImportedExchange | null): ImportedEntry {
  try {
    const exchange = make()
    return exchange === null ? { at, leftOut: true } : { at, exchange }
  } catch (error) {
    if (error instanceof EntryFault) return { at, fault: error.message }
    throw error
  }
}
