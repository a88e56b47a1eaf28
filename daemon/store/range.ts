/** Stretches of a session that are still to be looked at. */

/** In order of seq or of change, or backwards from the newest seq. */
export type Direction = 'seq' | 'seqBack' | 'change'

/** Seqs or changes in (after, until]. */
export interface Range {
  after: number
  until: number
}

export const isEmpty = ({ after, until }: Range): boolean => after >= until

/** What comes first in it. */
export const firstOf = (direction: Direction, { after, until }: Range, width: number): Range =>
  direction === 'seqBack' ? { after: Math.max(after, until - width), until } : { after, until: Math.min(until, after + width) }

/** @param first what firstOf gave */
export const withoutFirst = (direction: Direction, { after, until }: Range, first: Range): Range =>
  direction === 'seqBack' ? { after, until: first.after } : { after: first.until, until }

/** What comes behind a row, which begins with its seq and its change. */
export function withoutRow(direction: Direction, { after, until }: Range, [seq, change]: readonly [number, number, ...unknown[]]): Range {
  if (direction === 'seqBack') return { after, until: seq - 1 }
  return { after: direction === 'seq' ? seq : change, until }
}
