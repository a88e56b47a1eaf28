/** Programs that tests drive and that a machine may lack. */
import { execFileSync } from 'node:child_process'
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

/** A Python that has requests; null (said aloud) when there is none. */
export function pythonWithRequests(): string | null {
  const found = ['python3', '/usr/bin/python3'].find((python) => {
    try {
      execFileSync(python, ['-c', 'import requests'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
  if (found === undefined) process.stderr.write('Tests with Python requests are SKIPPED: install python3-requests.\n')
  return found ?? null
}
