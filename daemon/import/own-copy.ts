/** A copy of a SQLite file that somebody has, for the time of an import: their file is never opened, so nothing of it is different afterwards, and nothing lies beside it. */
import { constants } from 'node:fs'
import { chmod, copyFile, rm, stat } from 'node:fs/promises'
import { unavailable } from '../../sdk/errors.ts'
import { removeSession } from '../store/session-path.ts'

const log = '-wal'
const suffixes = ['', log, '-shm', '-journal']

/** Where it lies, beside the session file that is made of it. */
export const copyBeside = (file: string): string => `${file}.source`

/** The session file and the copy beside it. */
export function removeImport(file: string): void {
  removeSession(file)
  removeSession(copyBeside(file))
}

/** Removed in the end. @throws 1005 fileNotReadable */
export async function withOwnCopy<T>(path: string, to: string, work: (copy: string) => Promise<T>): Promise<T> {
  try {
    const before = await marks(path)
    await copyOne(path, to)
    if (before[1] !== null) await copyOne(path + log, to + log)
    if ((await marks(path)).join() !== before.join())
      throw unavailable(
        'fileNotReadable',
        `a weir writes ${path} just now: stop its session, or let it export one with the exporter sqlite`,
      )
    return await work(to)
  } finally {
    for (const suffix of suffixes) await rm(to + suffix, { force: true })
  }
}

async function copyOne(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  await chmod(to, 0o600)
}

/** Others after somebody has written it. */
const marks = (path: string) => Promise.all([path, path + log].map((each) => stat(each, { bigint: true }).then(markOf, () => null)))
const markOf = ({ ino, size, mtimeNs }: { ino: bigint; size: bigint; mtimeNs: bigint }): string => `${ino} ${size} ${mtimeNs}`
