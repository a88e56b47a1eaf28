/** Heads as they are stored: JSON text, [["Name","value"],...]. */
import { foldCase } from '../../sdk/query/text-test.ts'

const anyName = '(?:[^"\\\\]|\\\\.)*'

/**
 * Whether a field of that name (folded; undefined: of any) has a value that passes. Without parsing the JSON: between `["` and `"` stands a name and nothing else, for quotes within are
 * escaped.
 */
export function fieldFinder(name: string | undefined, passes: (value: string) => boolean): (fields: string) => boolean {
  const written = name === undefined ? anyName : escapeRegex(jsonText(name))
  const pattern = new RegExp(`\\["(${written})","(${anyName})"\\]`, name === undefined ? 'g' : 'gi')
  return (fields) => {
    pattern.lastIndex = 0
    for (let match = pattern.exec(fields); match; match = pattern.exec(fields)) {
      const [, own = '', value = ''] = match
      if (name !== undefined && foldCase(unescaped(own)) !== name) continue
      if (passes(unescaped(value))) return true
    }
    return false
  }
}

export const jsonText = (text: string): string => JSON.stringify(text).slice(1, -1)
const unescaped = (text: string): string => (text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text)
const escapeRegex = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
