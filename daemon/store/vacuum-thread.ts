/** Vacuums one file and checks it: null, or what SQLite finds wrong. */
import { parentPort, workerData } from 'node:worker_threads'
import { openForWriting } from './database.ts'
import { layOut, sessionKind } from './session-layout.ts'

const db = openForWriting(workerData as string, sessionKind, layOut)
try {
  db.exec('VACUUM')
  const found = db.pragma('integrity_check(1)', { simple: true }) as string
  parentPort?.postMessage(found === 'ok' ? null : found)
} finally {
  db.close()
}
