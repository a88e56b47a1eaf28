/** Heads as they are stored: JSON text, [["Name","value"],...]. */
import { foldCase } from '../../sdk/query/text-test.ts'

/**
 * Whether a field of that name (folded; undefined: of any) has a value that passes. Without parsing the JSON, and without a pattern, which a long value is too much for: a quote ends a
 * name or a value, for those within are escaped.
 */
export function fieldFinder(name: string | undefined, passes: (value: string) => boolean): (fields: string) => boolean {
  const isName = name === undefined ? () => true : nameTest(name)
  return (fields) => {
    for (let at = 1; fields.charCodeAt(at) === openBracket; ) {
      const nameEnd = closingQuote(fields, at + 2)
      const valueEnd = closingQuote(fields, nameEnd + 3)
      if (isName(fields, at + 2, nameEnd) && passes(unescaped(fields.slice(nameEnd + 3, valueEnd)))) return true
      at = valueEnd + 3
    }
    return false
  }
}

function nameTest(name: string): (fields: string, start: number, end: number) => boolean {
  return (fields, start, end) => {
    const own = fields.slice(start, end)
    if (own.length !== name.length && !own.includes('\\')) return false
    return foldCase(unescaped(own)) === name
  }
}

/** Of what begins at `from`, after its opening quote. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    let start = at
    while (text.charCodeAt(start - 1) === backslash && start > from) start--
    if ((at - start) % 2 === 0) return at
  }
  return text.length
}

const openBracket = 91
const backslash = 92

export const jsonText = (text: string): string => JSON.stringify(text).slice(1, -1)
const unescaped = (text: string): string => (text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text)
