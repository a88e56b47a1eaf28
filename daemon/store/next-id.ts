import type { Database } from './database.ts'

/** Ids are given by the one writer, so that it need not ask for them. */
export const nextId = (db: Database, table: string): number =>
  ((db.prepare(`SELECT max(id) FROM ${table}`).pluck().get() as number | null) ?? 0) + 1
