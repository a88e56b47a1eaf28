/** The one error of the query language. */
import { codes, WeirError } from '../errors.ts'

interface Help {
  /** The word that is not known. */
  word?: string
  /** What is known and most like it; null: nothing is. */
  nearest?: string | null
  known?: readonly string[]
}

/** -32602 invalidQuery. @param position of what is wrong, from 0, in UTF-16 code units of the query */
export function invalidQuery(what: string, position: number, help: Help = {}): WeirError {
  const message = `the query is not valid at position ${position}: ${what}`
  return new WeirError(codes.invalidParams, 'invalidQuery', message, { errors: [{ path: '/where', message }], position, ...help })
}

/** As above, for a word out of a known list. */
export function unknownWord(what: string, word: string, position: number, known: readonly string[], hint = ''): WeirError {
  const nearest = nearestOf(word, known)
  const shown = JSON.stringify(word.length > 60 ? `${word.slice(0, 60)}...` : word)
  const proposal = nearest === null ? `known are ${known.join(', ')}` : `did you mean ${nearest}?`
  return invalidQuery(`${what} ${shown} is not known; ${proposal}${hint && ` (${hint})`}`, position, {
    word: word.slice(0, 200),
    nearest,
    known,
  })
}

const comparedLength = 40

/** By the fewest single-letter changes, at most a third of the word; null when nothing is that near. */
function nearestOf(word: string, known: readonly string[]): string | null {
  const lower = word.slice(0, comparedLength).toLowerCase()
  let best: string | null = null
  let least = Math.max(1, Math.floor(lower.length / 3)) + 1
  for (const candidate of known) {
    const base = candidate.replace(/\.NAME$/, '')
    const compared = base === candidate ? lower : lower.split('.').slice(0, base.split('.').length).join('.')
    const changes = distance(compared, base.toLowerCase())
    if (changes >= least) continue
    least = changes
    best = candidate
  }
  return best
}

/** Levenshtein, with neighbours that changed places counted once (Damerau, optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const line = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let changes = Math.min(
        (above[column] as number) + 1,
        (line[column - 1] as number) + 1,
        (above[column - 1] as number) + (same ? 0 : 1),
      )
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        changes = Math.min(changes, (before[column - 2] as number) + 1)
      line.push(changes)
    }
    before = above
    above = line
  }
  return above[b.length] as number
}
