/** The small exchange of the benches: a path that carries a number, and 1 KB of JSON that gives it back. */
import { blankSerial } from './serial.ts'

export const itemPath = '/v1/items/'
/** Answered the same, with a cookie that carries the number. */
export const visitPath = '/v1/visits/'

/** What stands before the number in the body. */
export const idPrefix = '{"id":"'

function bodyOf(bytes: number): string {
  const item = { id: blankSerial, kind: 'item', price: 1299, currency: 'EUR', tags: ['new', 'fragile', 'export'], note: '' }
  item.note = 'The quick brown fox jumps over the lazy dog. '.repeat(40).slice(0, bytes - JSON.stringify(item).length)
  return JSON.stringify(item)
}

/** With a blank number. */
export const itemBody = bodyOf(1024)
