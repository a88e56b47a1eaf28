/** Numbers, sizes, durations and times as queries write them. */
import type { Test } from './ast.ts'
import type { FieldType } from './fields.ts'

type Units = { readonly [unit: string]: number }

const durationUnits: Units = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const sizeUnits: Units = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 }
const noUnits: Units = {}

/** What a quantity of the type is in; without a unit it is milliseconds or bytes. */
function unitsOf(type: FieldType): Units {
  if (type === 'duration') return durationUnits
  return type === 'size' ? sizeUnits : noUnits
}

export const howWritten: { readonly [T in FieldType]?: string } = {
  number: 'a number: 443, >=1024, 1..9, or a list of such',
  status: 'a number: 200, 4xx, >=400, 200..299, or a list of such',
  size: 'a size: >1mb, 10kb..2mb (b, kb, mb, gb)',
  duration: 'a duration: >500ms, 1s..5s (ms, s, m, h)',
  time: 'a time: -10m, 2026-01-31, 2026-01-31T14:05, 2026-01-31T14:05:07Z, or Unix milliseconds',
}

const quantity = /^([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)([a-z]*)$/i

/** In milliseconds, bytes, or as it is; null: it is none. */
export function readQuantity(text: string, type: FieldType): number | null {
  const [, digits = '', unit = ''] = quantity.exec(text) ?? []
  if (digits === '') return null
  const factor = unit === '' ? 1 : unitsOf(type)[unit.toLowerCase()]
  if (factor === undefined) return null
  const value = Number(digits) * factor
  // Never -0, which no other way of writing gives.
  return Number.isFinite(value) ? value + 0 : null
}

/** `200`, `200..299`, `200..`, `..299`, `5xx` (status); null: it is none of these. */
export function readAmount(text: string, type: FieldType): Test | null {
  const [, digit] = type === 'status' ? (/^([1-9])xx$/i.exec(text) ?? []) : []
  if (digit !== undefined) return { type: 'range', from: Number(digit) * 100, to: Number(digit) * 100 + 99 }
  const split = text.indexOf('..')
  if (split < 0) return numberTest('=', readQuantity(text, type))
  const [left, right] = [text.slice(0, split), text.slice(split + 2)]
  const from = readQuantity(left, type)
  const to = readQuantity(right, type)
  if (left === '') return numberTest('<=', to)
  if (right === '') return numberTest('>=', from)
  return from === null || to === null ? null : { type: 'range', from, to }
}

const numberTest = (operator: '=' | '<=' | '>=', value: number | null): Test | null =>
  value === null ? null : { type: 'number', operator, value }

const relative = /^([+-])(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(ms|s|m|h|d)$/i
const unixTime = /^\d{10,15}(?:\.\d+)?$/
const isoTime = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)?)?$/i

/** Without a zone: local time. null: it is no time. */
export function readTime(text: string): Test | null {
  if (text === 'now') return { type: 'time', ago: 0 }
  const [, sign, amount = '', unit = ''] = relative.exec(text) ?? []
  if (sign !== undefined) {
    const ms = Number(amount) * (durationUnits[unit.toLowerCase()] as number)
    return Number.isFinite(ms) ? { type: 'time', ago: (sign === '-' ? ms : -ms) + 0 } : null
  }
  if (unixTime.test(text)) return { type: 'time', at: Number(text) }
  const [, date, time = '00:00', zone = ''] = isoTime.exec(text) ?? []
  const at = date === undefined ? Number.NaN : new Date(`${date}T${time}${zone.toUpperCase()}`).getTime()
  return Number.isNaN(at) ? null : { type: 'time', at: at + 0 }
}

/** So that readTime gives the same again. */
export function writeTime(time: { at: number } | { ago: number }): string {
  if ('at' in time) return time.at >= 1e9 ? String(time.at) : new Date(time.at).toISOString()
  return time.ago === 0 ? 'now' : `${time.ago > 0 ? '-' : '+'}${Math.abs(time.ago)}ms`
}
