/** Formats of strings (JSON Schema 2020-12 section 7.3), told narrowly: what is named one is one for every validator. */

export type StringFormat = 'uuid' | 'date' | 'date-time' | 'ipv4'

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i
const moment = /^(\d{4})-(\d\d)-(\d\d)(?:T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))?$/
const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
/** Longer ones have none. */
const longest = 45

/** null: none of these. */
export function stringFormat(text: string): StringFormat | null {
  const first = text.charCodeAt(0)
  if (text.length < 7 || text.length > longest || first > 0x66) return null
  if (uuid.test(text)) return 'uuid'
  if (first > 0x39) return null
  const [, year, month, day, time] = moment.exec(text) ?? []
  if (year !== undefined) return isDay(Number(year), Number(month), Number(day)) ? (time === undefined ? 'date' : 'date-time') : null
  return ipv4.test(text) ? 'ipv4' : null
}

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(2000, month - 1, day))
  date.setUTCFullYear(year, month - 1, day)
  return month >= 1 && month <= 12 && date.getUTCDate() === day && date.getUTCMonth() === month - 1
}
