/** Numbers as the report writes them. */
import type { Spread } from './statistics.ts'

export const whole = (value: number) => (Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : '-')
export const ratio = (value: number) => (Number.isFinite(value) ? value.toFixed(2) : '-')
export const milliseconds = (value: number) => (Number.isFinite(value) ? `${value.toFixed(value < 10 ? 2 : 0)} ms` : '-')
export const megabytes = (bytes: number) => `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`
export const percent = (part: number) => `${Math.round(part * 100)} %`

/** `median (min-max)`. */
export function withSpread({ median, min, max }: Spread, format: (value: number) => string): string {
  return `${format(median)} (${format(min)}-${format(max)})`
}
