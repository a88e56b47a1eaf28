/** What `create` of a cookie-sync plugin gives back has to be: the daemon, the plugin's process and the test kit check it alike. */
import type { CookieTarget } from '../plugin.ts'

/** @throws what is wrong with it */
export function checkTarget(value: unknown): CookieTarget {
  const { push, pull } = (value ?? {}) as { push?: unknown; pull?: unknown }
  if (typeof push === 'function' && (pull === undefined || typeof pull === 'function')) return value as CookieTarget
  throw new Error('create must return { push(changes, all) }, and perhaps pull()')
}
