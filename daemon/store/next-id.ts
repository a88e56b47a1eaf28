import type { Database } from './database.ts'

/** Ids are given by the one writer, so that it need not ask for them. None comes back, also when its row was deleted: readers and clients know rows by them. */
export const nextId = (db: Database, table: string): number =>
  (db
    .prepare(`SELECT max(coalesce((SELECT max(id) FROM ${table}), 0), coalesce((SELECT id FROM gone WHERE name = ?), 0))`)
    .pluck()
    .get(table) as number) + 1
