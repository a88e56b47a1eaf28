/** What `create` of a cookie-sync plugin gives back has to be: the daemon, the plugin's process and the test kit check it alike. */
import type { CookieTarget } from '../plugin.ts'

/** @throws what is wrong with it */
export function checkTarget(value: unknown): CookieTarget {
  const { push, pull, place } = (value ?? {}) as { [name: string]: unknown }
  if (typeof push === 'function' && isFunctionOrNone(pull) && isFunctionOrNone(place)) return value as CookieTarget
  throw new Error('create must return { push(changes, all) }, and perhaps pull() and place()')
}

const isFunctionOrNone = (value: unknown): boolean => value === undefined || typeof value === 'function'
