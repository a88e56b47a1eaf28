/** Quantities as people read them. */

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB']

/** `0 B`, `999 B`, `1.2 kB`, `34 MB`: powers of 1000, two significant digits at least. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${byteUnits[unit]}`
}

/** `0.4 ms`, `12 ms`, `1.25 s`, `2 m 03 s`, `1 h 02 m`. */
export function formatDuration(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)} m`
}

const two = (value: number): string => String(value).padStart(2, '0')

/** `14:03:07.042`, local time. */
export function formatTime(at: number): string {
  const date = new Date(at)
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** `2026-01-31 14:03:07`, local time. */
export function formatDate(at: number): string {
  const date = new Date(at)
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${formatTime(at).slice(0, 8)}`
}

/** `1 exchange`, `12 exchanges`. */
export const plural = (count: number, noun: string): string => `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
