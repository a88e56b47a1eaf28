/** A number counts only when everything it was measured with is on record. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Entrant } from './lineup.ts'

export interface RecordCheck {
  valid: boolean
  /** Empty when valid. */
  problem: string
  /** How long the recorder still worked after the load had its last answer. */
  lagMs: number
}

/** Waits until all that was sent is on record, at most ten seconds. Systems that cannot be asked are valid. */
export async function checkRecord({ system, running, sent }: Entrant, timeoutMs = 10_000): Promise<RecordCheck> {
  const began = performance.now()
  if (!running.recorded) return { valid: true, problem: '', lagMs: 0 }
  for (;;) {
    const { exchanges, gaps } = await running.recorded()
    const lagMs = performance.now() - began
    if (exchanges === sent && gaps === 0) return { valid: true, problem: '', lagMs }
    if (lagMs > timeoutMs || exchanges > sent || gaps > 0) {
      return { valid: false, problem: `${system.name}: ${exchanges} of ${sent} exchanges on record, ${gaps} gaps`, lagMs }
    }
    await delay(20)
  }
}
