/** Numbers as people read them. */

/** @param {number} number */
export const count = (number) => number.toLocaleString('en')

/** @param {number} size bytes; units are powers of 1000, as in queries */
export function bytes(size) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let at = 0
  while (size >= 1000 && at < units.length - 1) {
    size /= 1000
    at++
  }
  return `${at === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[at]}`
}

/** @param {number | null} ms null: it has not ended */
export function duration(ms) {
  if (ms === null) return '…'
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  return ms < 60_000 ? `${(ms / 1000).toFixed(2)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}

/** @param {number} ms Unix time */
export const moment = (ms) => new Date(ms).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

/** @param {number} ms Unix time */
export const clockTime = (ms) => {
  const date = new Date(ms)
  return `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`
}
