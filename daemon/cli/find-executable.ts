/** Where a shell would find a command. */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'

export type Found = 'found' | 'notFound' | 'notExecutable'

/** On Windows, where it is not the file alone that decides, the system is left to find it. @param path the PATH of the environment it will run in */
export function findExecutable(command: string, path: string): Found {
  if (process.platform === 'win32') return 'found'
  const candidates = command.includes('/') ? [resolve(command)] : path.split(delimiter).map((folder) => join(folder || '.', command))
  const states = candidates.map(stateOf)
  if (states.includes('found')) return 'found'
  return states.includes('notExecutable') ? 'notExecutable' : 'notFound'
}

function stateOf(file: string): Found {
  try {
    if (!statSync(file).isFile()) return 'notFound'
  } catch {
    return 'notFound'
  }
  try {
    accessSync(file, constants.X_OK)
    return 'found'
  } catch {
    return 'notExecutable'
  }
}
