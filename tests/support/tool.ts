/** Programs that tests drive and that a machine may lack. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Its path; null (said aloud) when there is none. @param from the Debian package that has it */
export function toolPath(name: string, from: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  for (const path of folders.map((folder) => join(folder, name))) {
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // The next folder may have it.
    }
  }
  process.stderr.write(`Tests with ${name} are SKIPPED: there is none in PATH; install ${from}.\n`)
  return null
}
