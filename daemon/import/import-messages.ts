/** What the daemon and an import process say to each other over the IPC channel, as JSON. */
import type { WireError } from '../../sdk/errors.ts'
import type { Counts } from '../../sdk/model.ts'
import type { ImportProblem } from '../../sdk/protocol.ts'

/** The daemon's only message. */
export interface ImportJob {
  /** Of the file that is imported. */
  path: string
  /** Of the session file to make. */
  file: string
  /** Entries that cannot be read are left out and named; otherwise the first one fails the import. */
  keepGood: boolean
}

export interface ImportProgress {
  exchanges: number
  /** Read so far, and of the whole file. */
  bytes: number
  size: number
}

export interface Imported {
  /** Of the session. */
  counts: Counts
  /** Entries that are no HTTP exchanges. */
  leftOut: number
  /** Entries that could not be read. */
  malformed: number
  /** The first of those. */
  problems: ImportProblem[]
}

export type FromImport =
  | { progress: ImportProgress }
  | { done: Imported }
  /** `fault`: for the log, where it is no error of the user's. */
  | { failure: WireError; fault?: string }
