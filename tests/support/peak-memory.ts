import { readFileSync, writeFileSync } from 'node:fs'

/** The highest resident memory of a process since the last time this was asked for it, bytes; 0 where Linux's accounts are not. */
export function peakOf(pid: number): number {
  if (process.platform !== 'linux') return 0
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  // proc(5): 5 makes the peak what it is now.
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
  return Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
}
