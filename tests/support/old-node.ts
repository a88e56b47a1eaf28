/** A Node that is too old for the daemon and good enough for the client (20, or 22 before 22.18), where the machine has one. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const candidates = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/bin', '/usr/bin'].map((folder) => join(folder, 'node'))

function isOld(program: string): boolean {
  if (!existsSync(program)) return false
  const [major = 0, minor = 0] = execFileSync(program, ['-p', 'process.versions.node'], { encoding: 'utf8' }).split('.').map(Number)
  return (major >= 20 && major < 22) || (major === 22 && minor < 18)
}

/** Its path; null (said aloud) when there is none. */
export const oldNode: string | null = [...new Set(candidates)].find(isOld) ?? null
if (oldNode === null) process.stderr.write('Tests of the client in an older Node are SKIPPED: none from 20 to 22.17 is in PATH.\n')
