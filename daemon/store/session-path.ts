import { join } from 'node:path'

/** Where the file of a session lies. */
export const sessionPath = (home: string, id: string): string => join(home, 'sessions', `${id}.weir`)
