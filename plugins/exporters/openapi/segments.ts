/** What a parameter in the place of segments of a path is called, and what its values are. */
import type { SegmentKind } from '../../../sdk/path-template.ts'
import type { JsonSchema } from './shape.ts'

/** The schema that all of these satisfy. */
export function kindSchema(seen: ReadonlySet<SegmentKind>): JsonSchema {
  const [only] = seen.size === 1 ? seen : []
  if (only === 'integer') return { type: 'integer' }
  return only === 'uuid' ? { type: 'string', format: 'uuid' } : { type: 'string' }
}

/** `users` and an id: userId. @param before the literal segment before it @param taken names of the path so far */
export function parameterName(before: string, seen: ReadonlySet<SegmentKind>, taken: readonly string[]): string {
  const [only] = seen.size === 1 ? seen : []
  const noun = words(singular(decoded(before)))
  const suffix = only === 'date' ? 'date' : only === undefined || only === 'text' ? 'name' : 'id'
  const name = noun === '' || only === 'date' ? suffix : noun + capital(suffix)
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}${number}`
    if (!taken.includes(candidate)) return candidate
  }
}

/** Letters and digits in camel case; '' when there are none. */
export function words(text: string): string {
  const [first = '', ...more] = text.match(/[A-Za-z\d]+/g) ?? []
  return first.charAt(0).toLowerCase() + first.slice(1) + more.map(capital).join('')
}

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

function singular(word: string): string {
  if (/[^aeiou]ies$/i.test(word)) return `${word.slice(0, -3)}y`
  if (/(?:[sx]|ch|sh)es$/i.test(word)) return word.slice(0, -2)
  return /[^su]s$/i.test(word) ? word.slice(0, -1) : word
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
