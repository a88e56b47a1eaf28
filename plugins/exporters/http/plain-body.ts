/**
 * Bodies that can stand in an .http file. What the programs that read it take for something else than body differs: comments, variables, scripts, files,
 * responses, the next request. So only bodies go in of which every line begins like JSON, XML, or a word that is not followed by another.
 */
import { isUtf8 } from 'node:buffer'

/** C0 without line feeds and tabs, DEL and C1. */
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/
/** Of JSON and XML. */
const dataLine = /^[ \t]*(?:["\d{}[\],:-]|(?:true|false|null)\b|<[\w/!?])/
/** `a=1&b=2`, `hello`; not `GET https://...` nor `query {`. */
const wordLine = /^[\w%.+~-]+(?:[=&:,;]|$)/

/** null: it cannot. */
export function plainBody(bytes: Buffer): string | null {
  const text = isUtf8(bytes) ? bytes.toString('utf8') : null
  if (text === null || control.test(text) || text.includes('{{') || text !== text.trim()) return null
  const lines = text.split('\n')
  const fits = lines.every((line) => dataLine.test(line)) || (lines.length === 1 && wordLine.test(text))
  return fits && !/^-{3}/m.test(text) ? text : null
}
