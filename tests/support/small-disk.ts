/** A file system of a test's own that is soon full; only root can make one. */
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryHome } from './home.ts'

export const canMount = process.platform === 'linux' && process.getuid?.() === 0

export interface SmallDisk {
  folder: string
  /** Leaves so many bytes. */
  fill(left?: number): void
  clear(): void
  /** From now on, or no longer. */
  readOnly(is: boolean): void
}

export async function smallDisk(megabytes: number): Promise<SmallDisk> {
  const folder = await temporaryHome()
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder])
  onTestFinished(() => void execFileSync('umount', ['-l', folder]))
  const filler = join(folder, 'filler')
  return {
    folder,
    fill(left = 0) {
      const file = openSync(filler, 'a')
      const { bavail, bsize } = statfsSync(folder)
      for (let free = bavail * bsize - left; free > 0; ) free -= writeSync(file, Buffer.alloc(Math.min(free, 1024 * 1024)))
      closeSync(file)
    },
    clear: () => rmSync(filler, { force: true }),
    readOnly: (is) => void execFileSync('mount', ['-o', `remount,${is ? 'ro' : 'rw'}`, folder]),
  }
}
