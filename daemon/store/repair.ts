/** What a writer that died left open comes to an end. */
import type { Database } from './database.ts'
import { stateBits } from './exchange-row.ts'

const ends = {
  daemonKilled: { state: 'aborted', message: 'the daemon was killed while this was open; what followed is not on record' },
  recorderCrashed: { state: 'failed', message: 'the recorder thread died while this was open; what followed is not on record' },
} as const

/** Atomic. Open exchanges end where what is on record ends; one gap lasts from there until now. */
export function repairOpen(db: Database, reason: keyof typeof ends): void {
  const { state, message } = ends[reason]
  const error = JSON.stringify({ reason, message })
  db.transaction(() => {
    const { change, committedAt } = db.prepare('SELECT change, committed_at AS committedAt FROM progress').get() as {
      change: number
      committedAt: number
    }
    const now = Date.now()
    const from = committedAt === 0 ? now : Math.min(committedAt, now)
    const open = db.prepare('SELECT seq FROM exchange WHERE (flags & 3) = 0 ORDER BY seq').pluck().all() as number[]
    const end = db.prepare(
      `UPDATE exchange SET change = ?, flags = flags | ?, ended = max(0, ? - started),
       extra = json_set(coalesce(extra, '{}'), '$.error', json(?)) WHERE seq = ?`,
    )
    open.forEach((seq, index) => {
      end.run(change + index + 1, stateBits(state), Math.round(from * 1000), error, seq)
    })
    db.prepare('INSERT INTO gap (since, until, reason) VALUES (?, ?, ?)').run(from, now, reason)
    db.prepare('UPDATE progress SET change = change + ?, failed = failed + ?, gaps = gaps + 1, committed_at = ?').run(
      open.length,
      state === 'failed' ? open.length : 0,
      now,
    )
  }).immediate()
}
