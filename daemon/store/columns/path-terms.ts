/** Terms on paths and URLs. What must stand in a path is looked for in all of a stretch at once. */
import type { Test } from '../../../sdk/query/ast.ts'
import { pathOf, someParameter, urlOf } from '../../../sdk/query/message-values.ts'
import { textTest } from '../../../sdk/query/text-test.ts'
import type { Database } from '../database.ts'
import type { Evaluate } from './column-query.ts'
import { no, truthsOf, unknown, yes } from './truths.ts'

export function pathTerm(test: Test): Evaluate {
  const passes = textTest(test, false)
  return onPath(longestPiece(test), (path) => passes(pathOf(path)))
}

export function parameterTerm(test: Test, name: string | undefined): Evaluate {
  const passes = textTest(test, false)
  return onPath('?', (path) => someParameter(path, name, passes))
}

/** @param needle what passes has it; '': nothing is known */
function onPath(needle: string, passes: (path: string) => boolean): Evaluate {
  const bytes = Buffer.from(needle)
  return ({ segment: { paths }, from, until }, among) => {
    const truths = truthsOf()
    for (let place = from; place < until; place++) if (!paths.isTold(place)) truths[place] = unknown
    for (const place of needle === '' ? everyPlace(from, until) : paths.having(bytes, from, until))
      if (among[place] !== no && truths[place] !== unknown && passes(paths.at(place))) truths[place] = yes
    return truths
  }
}

function* everyPlace(from: number, until: number): Generator<number> {
  for (let place = from; place < until; place++) yield place
}

/** The longest text that has to stand there whole; '': there is none. */
function longestPiece(test: Test): string {
  if (test.type !== 'is' && test.type !== 'contains') return ''
  return test.pieces.reduce((longest, piece) => (piece.length > longest.length ? piece : longest), '')
}

/** What stands before the path of some exchanges, and what that says. */
interface Origin {
  scheme: string
  authority: string
  /** yes: of whatever path; unknown: their URLs have to be looked at; no: only those with the needle in their path. */
  truth: typeof yes | typeof unknown | typeof no
}

/** @param db the session */
export function urlTerm(test: Test, db: Database): Evaluate {
  const passes = textTest(test, false)
  const needle = longestPiece(test)
  const bytes = Buffer.from(needle)
  const line = db.prepare('SELECT scheme, authority FROM request_line WHERE id = ?').raw()
  const origins = new Map<number, Origin | null>()
  const originOf = (id: number): Origin | null => {
    let origin = origins.get(id)
    if (origin === undefined) {
      const row = line.get(id) as [string, string] | undefined
      origin = row === undefined ? null : judged(row)
      origins.set(id, origin)
    }
    return origin
  }
  const judged = ([scheme, authority]: [string, string]): Origin => {
    const start = urlOf(scheme, authority, '')
    if (test.type === 'contains' && passes(start)) return { scheme, authority, truth: yes }
    return { scheme, authority, truth: needle === '' || start.includes(needle) || mayBeginIn(start, needle) ? unknown : no }
  }
  return ({ segment, from, until }, among) => {
    const { paths } = segment
    const lines = segment.numbers('requestLine')
    const truths = truthsOf()
    const look = (place: number) => {
      const origin = originOf(lines[place] as number)
      // A line that has gone is one of deleted exchanges.
      if (origin === null || !paths.isTold(place)) truths[place] = unknown
      else truths[place] = passes(urlOf(origin.scheme, origin.authority, paths.at(place))) ? yes : no
    }
    for (let place = from; place < until; place++) {
      if (among[place] === no) continue
      const truth = originOf(lines[place] as number)?.truth ?? unknown
      if (truth === yes) truths[place] = yes
      else if (truth === unknown || !paths.isTold(place)) look(place)
    }
    if (needle === '') return truths
    for (const place of paths.having(bytes, from, until)) if (among[place] !== no && truths[place] === no) look(place)
    return truths
  }
}

/** The needle may begin at the end of `start` and go on behind it. */
function mayBeginIn(start: string, needle: string): boolean {
  for (let length = Math.min(start.length, needle.length - 1); length > 0; length--)
    if (start.endsWith(needle.slice(0, length))) return true
  return false
}
