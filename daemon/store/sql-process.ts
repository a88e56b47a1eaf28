/** A process that runs one statement after another: a thread inside SQLite could not be stopped. The daemon's end is its end. */
import { toWire, WeirError, type WireError } from '../../sdk/errors.ts'
import { runSql, type SqlQuery, type SqlRows } from './sql-statement.ts'

export type SqlAnswer = { rows: SqlRows } | { error: WireError; fault?: string }

function answer(query: SqlQuery): SqlAnswer {
  try {
    return { rows: runSql(query) }
  } catch (error) {
    return error instanceof WeirError ? { error: toWire(error) } : { error: toWire(error), fault: String((error as Error)?.stack ?? error) }
  }
}

process.on('message', (query: SqlQuery) => void process.send?.(answer(query)))
process.on('disconnect', () => process.exit(0))
// The whole process group gets a terminal's signals; the daemon alone decides when this process ends.
process.on('SIGINT', () => undefined)
