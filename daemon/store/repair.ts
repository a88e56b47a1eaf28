/** What a writer left open, because it died or its last records could not be written, comes to an end. */
import type { Database } from './database.ts'
import { stateBits } from './exchange-row.ts'
import type { GapRecord } from './records.ts'

/** What a session file needs at its next opening. As JSON in the catalogue until then. */
export interface Repair {
  reason: keyof typeof ends
  /** Nothing was recorded after it, Unix ms; absent: until now. */
  until?: number
  /** What is missing; absent: one gap from where the record ends. */
  gaps?: readonly GapRecord[]
  /** How many more were filtered. */
  filtered?: number
}

const ends = {
  daemonKilled: {
    state: 'aborted',
    reason: 'daemonKilled',
    message: 'the daemon was killed while this was open; what followed is not on record',
  },
  recorderCrashed: {
    state: 'failed',
    reason: 'recorderCrashed',
    message: 'the recorder thread died while this was open; what followed is not on record',
  },
  storeFailed: {
    state: 'failed',
    reason: 'notRecorded',
    message: 'the session file could not be written when the session was stopped; what followed is not on record',
  },
} as const

/** Atomic. Open exchanges end where what is on record ends; the gaps say what is missing. */
export function repairOpen(db: Database, { reason, until = Date.now(), gaps, filtered = 0 }: Repair): void {
  const { state, ...failure } = ends[reason]
  db.transaction(() => {
    const { change, committedAt } = db.prepare('SELECT change, committed_at AS committedAt FROM progress').get() as {
      change: number
      committedAt: number
    }
    const from = committedAt === 0 ? until : Math.min(committedAt, until)
    const open = db.prepare('SELECT seq FROM exchange WHERE (flags & 3) = 0 ORDER BY seq').pluck().all() as number[]
    const end = db.prepare(
      `UPDATE exchange SET change = ?, flags = flags | ?, ended = max(0, ? - started),
       extra = json_set(coalesce(extra, '{}'), '$.error', json(?)) WHERE seq = ?`,
    )
    open.forEach((seq, index) => {
      end.run(change + index + 1, stateBits(state), Math.round(from * 1000), JSON.stringify(failure), seq)
    })
    const added = putGaps(db, gaps ?? [{ from, to: until, reason, exchanges: null, bytes: null }])
    db.prepare(
      'UPDATE progress SET change = change + ?, failed = failed + ?, filtered = filtered + ?, gaps = gaps + ?, committed_at = ?',
    ).run(open.length, state === 'failed' ? open.length : 0, added > 0 || gaps?.length === 0 ? filtered : 0, added, Date.now())
  }).immediate()
}

/** How many are new: a repair that was not known to be done is done again. */
function putGaps(db: Database, gaps: readonly GapRecord[]): number {
  const same = db.prepare('SELECT 1 FROM gap WHERE since = ? AND until = ? AND reason = ? AND exchanges IS ? AND bytes IS ?')
  let added = 0
  const insert = db.prepare('INSERT INTO gap (since, until, reason, exchanges, bytes) VALUES (?, ?, ?, ?, ?)')
  const update = db.prepare('UPDATE gap SET since = ?, until = ?, reason = ?, exchanges = ?, bytes = ? WHERE id = ?')
  for (const { id, from, to, reason, exchanges, bytes } of gaps) {
    if (id !== undefined) update.run(from, to, reason, exchanges, bytes, id)
    else if (same.get(from, to, reason, exchanges, bytes) === undefined) {
      insert.run(from, to, reason, exchanges, bytes)
      added++
    }
  }
  return added
}
