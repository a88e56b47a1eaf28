/**
 * `FILE.clock` beside a file that follows a session: how far it is, as `{session, exporter, clock, bytes}`. What the file has beyond `bytes` was
 * being written when the daemon died, and is written again.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { conflict } from '../../../sdk/errors.ts'

export interface FileClock {
  /** The session's id. */
  session: string
  exporter: string
  clock: string
  /** Size of the file. */
  bytes: number
}

export const clockFileOf = (path: string): string => `${path}.clock`

/** null: there is none. @throws 1002 clockUnreadable */
export async function readFileClock(path: string): Promise<FileClock | null> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw unreadable(path)
  }
  const clock = parsed(text)
  if (clock === null) throw unreadable(path)
  return clock
}

function parsed(text: string): FileClock | null {
  try {
    const { session, exporter, clock, bytes } = JSON.parse(text) as { [K in keyof FileClock]: unknown }
    if (typeof session !== 'string' || typeof exporter !== 'string' || typeof clock !== 'string') return null
    return Number.isSafeInteger(bytes) && (bytes as number) >= 0 ? { session, exporter, clock, bytes: bytes as number } : null
  } catch {
    return null
  }
}

const unreadable = (path: string) =>
  conflict('clockUnreadable', `${path} does not say how far the file beside it is: remove both, or say since which clock to append`)

/** The one that was there stays until the new one is whole. Throws the system's error. */
export function writeFileClock(path: string, clock: FileClock): void {
  const unfinished = `${path}.new`
  try {
    writeFileSync(unfinished, `${JSON.stringify(clock)}\n`, { mode: 0o600 })
    renameSync(unfinished, path)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
}
