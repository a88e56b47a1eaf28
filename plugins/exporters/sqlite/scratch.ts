/** A folder for the time of one run. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const name = /^scratch-(\d+)-/

/** Removed in the end. What a killed run has left is removed by the next. @param home of the plugin's own, 0700 */
export async function withScratch(home: string, work: (folder: string) => Promise<void>): Promise<void> {
  for (const left of readdirSync(home)) {
    const [, pid] = name.exec(left) ?? []
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(home, left), { recursive: true, force: true })
  }
  const folder = mkdtempSync(join(home, `scratch-${process.pid}-`))
  try {
    await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
