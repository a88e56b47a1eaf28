import { rmSync } from 'node:fs'
import { join } from 'node:path'

/** Where the file of a session lies. */
export const sessionPath = (home: string, id: string): string => join(home, 'sessions', `${id}.weir`)

/** The index beside it: a cache, made when somebody searches. */
export const indexPath = (file: string): string => `${file}.idx`

/** The columns beside it: a cache, made when somebody asks for an overview. */
export const columnsPath = (file: string): string => `${file}.columns`

export function removeColumns(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal', '.new', '.new-journal']) rmSync(columnsPath(file) + suffix, { force: true })
}

/** After a kill they may tell of exchanges that are lost. */
export function removeCaches(file: string): void {
  rmSync(indexPath(file), { force: true })
  removeColumns(file)
}

/** Unlinks it and everything beside it that is its own. Nobody may have it open. */
export function removeSession(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal', '.new', '.keys']) rmSync(file + suffix, { force: true })
  removeCaches(file)
}
