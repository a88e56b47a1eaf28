/** The one home of the regular expression engine: RE2, which takes time linear in the text whatever the pattern is. */
import { createRequire } from 'node:module'
import type * as Re2 from 're2js'
import { invalidQuery } from './query-error.ts'

// Most queries have none, so it is loaded by the first that has.
const require = createRequire(import.meta.url)

/** Of a pattern, characters. */
const longestPattern = 1000
/** No pattern looks further into a text, characters. */
const furthest = 1024 * 1024
/** Characters times instructions of the pattern, each some 30 ns at the worst: so none takes much more than a second, and what runs it (a recorder, a reader) is not held up. */
const mostSteps = 32 * 1024 * 1024

export interface Pattern {
  /** Somewhere in the text, as far as the pattern looks into it. */
  find(text: string): boolean
}

/** Throws invalidQuery for what RE2 cannot do (look-around, back-references) and what is no pattern. */
export function compilePattern(source: string, ignoresCase: boolean, position: number): Pattern {
  if (source.length > longestPattern) throw invalidQuery(`a pattern has at most ${longestPattern} characters`, position)
  const { RE2JS } = require('re2js') as typeof Re2
  try {
    const pattern = RE2JS.compile(source, ignoresCase ? RE2JS.CASE_INSENSITIVE : 0)
    const reach = Math.min(furthest, Math.floor(mostSteps / pattern.programSize()))
    return { find: (text) => pattern.test(text.length > reach ? text.slice(0, reach) : text) }
  } catch (error) {
    throw invalidQuery(`this pattern cannot be used: ${why(source, error)}`, position)
  }
}

function why(source: string, error: unknown): string {
  if (/\(\?<?[=!]/.test(source)) return 'look-ahead and look-behind are not in RE2 syntax; combine several terms instead'
  if (/\\(?:[1-9]|k<)/.test(source)) return 'back-references are not in RE2 syntax'
  return error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'it is not RE2 syntax'
}
