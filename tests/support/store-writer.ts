/**
 * A process that writes a session file until it is killed, and says after each commit up to which seq everything is stored.
 * `sweeping`: it deletes its oldest exchanges all the while.
 */
import { createHash } from 'node:crypto'
import type { ExchangeRecord, GapRecord } from '../../daemon/store/records.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import { appendTo, newBodyOf, newRecord } from './records.ts'

/** What exchange `seq` of such a file has as its body: small ones, and now and then one in chunks. */
export function writtenBody(seq: number): Buffer {
  const word = createHash('sha256').update(String(seq)).digest()
  return Buffer.alloc(seq % 40 === 0 ? 700_000 : 50 + (seq % 2000), word)
}

export interface WriterReport {
  stored: number
}

function write(path: string, isSweeping: boolean): void {
  const file = SessionFile.open(path, { create: true })
  const report = (message: WriterReport) => process.send?.(message)
  let running: ExchangeRecord | null = null
  const gap: GapRecord = { from: Date.now(), to: 0, reason: 'retention', exchanges: 0, bytes: 0 }
  const round = () => {
    const batch: ExchangeRecord[] = []
    let stored = 0
    if (running?.responseBody) {
      appendTo(running.responseBody, writtenBody(running.seq).subarray(running.responseBody.size))
      Object.assign(running, { state: 'complete', endedAt: running.startedAt + 5 })
      running.responseBody.ended = true
      batch.push(running)
      running = null
    }
    for (let count = 0; count < 20; count++) {
      stored = file.nextSeq()
      batch.push(newRecord(stored, { responseBody: newBodyOf([writtenBody(stored)]) }))
    }
    const seq = file.nextSeq()
    running = newRecord(seq, { state: 'open', endedAt: 0, responseBody: newBodyOf([writtenBody(seq).subarray(0, 30)], false) })
    batch.push(running)
    file.commit(batch, [])
    if (isSweeping) {
      const oldest = file.oldestEnded(18)
      file.delete(
        oldest.map(({ seq: old }) => old),
        gap,
      )
      file.tidy()
    }
    report({ stored })
    setImmediate(round)
  }
  round()
}

const [, script, path, mode] = process.argv
if (process.send && script?.endsWith('store-writer.ts') && path) write(path, mode === 'sweeping')
