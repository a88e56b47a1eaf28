/** A thread that makes indexes and columns. */
import { setImmediate } from 'node:timers/promises'
import { ColumnWriter } from '../columns/column-writer.ts'
import { removeColumns } from '../session-path.ts'
import { TextIndexer } from './text-indexer.ts'

export type IndexKind = 'text' | 'columns'
export interface IndexTask {
  kind: IndexKind
  /** Of the session. */
  file: string
}

/** Up to the end of the record as it is then. */
export default async function makeIndex({ kind, file }: IndexTask): Promise<void> {
  if (kind === 'text') return follow(new TextIndexer(file))
  try {
    await follow(new ColumnWriter(file))
  } catch (error) {
    // Damaged ones would stay so.
    removeColumns(file)
    throw error
  }
}

async function follow(maker: { step(): boolean; close(): void }): Promise<void> {
  try {
    while (maker.step()) await setImmediate()
  } finally {
    maker.close()
  }
}
