/** A copy of a SQLite file that somebody has, for the time of an import: their file is never opened, so nothing of it is different afterwards, and nothing lies beside it. */
import { constants } from 'node:fs'
import { chmod, copyFile, open, rm, stat } from 'node:fs/promises'
import { unavailable } from '../../sdk/errors.ts'
import { removeSession } from '../store/session-path.ts'

const log = '-wal'
/** Of SQLite's header. */
const headBytes = 100
const suffixes = ['', log, '-shm', '-journal']

/** Where it lies, beside the session file that is made of it. */
export const copyBeside = (file: string): string => `${file}.source`

/** The session file and the copy beside it. */
export function removeImport(file: string): void {
  removeSession(file)
  removeSession(copyBeside(file))
}

/** Removed in the end. @throws 1005 fileNotReadable and notReadable */
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
    if (before[1] === null) await checkLength(path, to)
    return await work(to)
  } finally {
    for (const suffix of suffixes) await rm(to + suffix, { force: true })
  }
}

/** SQLite takes what a file has lost of its last page for zeros. Beside a log the file may be behind. @throws 1005 notReadable */
async function checkLength(path: string, copy: string): Promise<void> {
  const { size } = await stat(copy)
  const head = Buffer.alloc(headBytes)
  const handle = await open(copy, 'r')
  await handle.read(head, 0, headBytes, 0).finally(() => handle.close())
  const said = pageBytes(head) * head.readUInt32BE(28)
  if (size < said) throw unavailable('notReadable', `${path} has ${size} bytes of ${said}: it was cut off; copy it again`)
}

/** SQLite's file format, section 1.3.2: a 1 means 65,536. */
const pageBytes = (head: Buffer): number => {
  const said = head.readUInt16BE(16)
  return said === 1 ? 65_536 : said
}

async function copyOne(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  await chmod(to, 0o600)
}

/** Others after somebody has written it. */
const marks = (path: string) => Promise.all([path, path + log].map((each) => stat(each, { bigint: true }).then(markOf, () => null)))
const markOf = ({ ino, size, mtimeNs }: { ino: bigint; size: bigint; mtimeNs: bigint }): string => `${ino} ${size} ${mtimeNs}`
