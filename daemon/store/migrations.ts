/** Brings a file to the newest layout, one atomic step after the other. */
import type { Database } from './database.ts'

/** SQL of one step: step 0 makes layout 1 out of an empty file, and so on. Released steps never change. */
export type Migrations = readonly string[]

/** A kill in the middle leaves the file at a whole layout; the next opening goes on from there. */
export function migrate(db: Database, applicationId: number, steps: Migrations): void {
  for (;;) {
    const version = db.pragma('user_version', { simple: true }) as number
    const step = steps[version]
    if (step === undefined) return
    db.exec('BEGIN IMMEDIATE')
    try {
      // Another process may have been quicker.
      if ((db.pragma('user_version', { simple: true }) as number) === version) {
        db.exec(step)
        db.pragma(`application_id = ${applicationId}`)
        db.pragma(`user_version = ${version + 1}`)
      }
      db.exec('COMMIT')
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK')
      throw error
    }
  }
}
