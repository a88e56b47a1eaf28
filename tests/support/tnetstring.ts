/** Prints tagged netstrings, as mitmproxy writes them. */
import type { TnetValue } from '../../daemon/import/mitmproxy/tnetstrings.ts'

export const tagged = (content: Buffer | string, tag: string): Buffer =>
  Buffer.concat([Buffer.from(`${Buffer.byteLength(content)}:`), Buffer.from(content), Buffer.from(tag)])

export function print(value: TnetValue): Buffer {
  if (value === null) return tagged('', '~')
  if (Buffer.isBuffer(value)) return tagged(value, ',')
  if (typeof value === 'string') return tagged(value, ';')
  if (typeof value === 'number') return tagged(String(value), Number.isInteger(value) ? '#' : '^')
  if (typeof value === 'boolean') return tagged(String(value), '!')
  if (value instanceof Map)
    return tagged(Buffer.concat([...(value as Map<string, TnetValue>)].flatMap(([name, inside]) => [print(name), print(inside)])), '}')
  return tagged(Buffer.concat((value as TnetValue[]).map(print)), ']')
}

/** A dictionary. */
export const dictionary = (entries: { [name: string]: TnetValue }): TnetValue => new Map(Object.entries(entries))
