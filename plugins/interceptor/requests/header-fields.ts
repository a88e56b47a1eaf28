/** Header fields as the browser tells them: an object in their order, fields of one name in one text with line feeds between them. */
import type { Headers } from '../../../sdk/model.ts'

export function headerFields(told: { [name: string]: string } | undefined): Headers {
  const fields: Headers = []
  for (const [name, value] of Object.entries(told ?? {})) {
    // HTTP/2's pseudo fields: the request line says it.
    if (name.startsWith(':')) continue
    for (const line of String(value).split('\n')) fields.push([bytesOf(name), bytesOf(line.trim())])
  }
  return fields
}

/** Bytes above 127 as U+0080..00FF. The browser reads what is UTF-8 as such, which nearly all of it is; the rest it takes for Latin-1, and does not say so. */
const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

export function fieldOf(fields: Headers, name: string): string | null {
  return fields.find(([one]) => one.toLowerCase() === name)?.[1] ?? null
}
