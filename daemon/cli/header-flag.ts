/** A header on the command line. */
import { UsageError } from './exit.ts'

/** `Name: value`; the value may be empty. White space after the colon is none of its own. */
export function parseHeader(text: string): [string, string] {
  const colon = text.indexOf(':')
  if (colon < 1) throw new UsageError(`a header is written 'Name: value', not ${JSON.stringify(text)}`)
  // On the wire a value is bytes.
  const value = Buffer.from(text.slice(colon + 1).replace(/^[ \t]+/, '')).toString('latin1')
  return [text.slice(0, colon), value]
}
