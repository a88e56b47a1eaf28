import { UsageError } from './exit.ts'

/** Unix milliseconds, or ISO 8601 (local time where it names no zone), as Unix ms. */
export function parseMoment(text: string): number {
  const time = /^\d{9,16}(?:\.\d+)?$/.test(text) ? Number(text) : /^\d{4}-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(time)) return time
  throw new UsageError(`--at takes 2026-01-31T12:00:00Z or Unix milliseconds, not ${JSON.stringify(text)}`)
}
