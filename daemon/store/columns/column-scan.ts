/** Goes through a session stretch by stretch, and says of each what its columns tell of a query. */
import { Pace } from '../pace.ts'
import type { Range } from '../range.ts'
import type { Evaluate } from './column-query.ts'
import type { ColumnsNow } from './column-reader.ts'
import { segmentSize, type WordColumn } from './columns-file.ts'
import { elsewhere, firstSeqOf, type Segment, segmentOf, wordElsewhere } from './segment.ts'
import { and, no, yes } from './truths.ts'

/** Places looked at first: what is found often is found there. */
const firstWidth = 256
const leastWidth = 32

export interface Told {
  /** Within one segment. */
  range: Range
  segment: Segment
  /** Seqs of those that match, in the order of the direction. */
  sure: number[]
  /** Of these the record has to say whether they do. */
  unsure: number[]
}

/**
 * The time between two is what the first one took.
 * @param order of the range, from which end
 * @param key it has to be told, too
 */
export function* toldStretches(
  evaluate: Evaluate,
  now: ColumnsNow,
  order: 'seq' | 'seqBack',
  { after, until }: Range,
  key: WordColumn | null,
): Generator<Told> {
  const pace = new Pace(firstWidth, leastWidth, segmentSize)
  const back = order === 'seqBack'
  for (let rest = { after, until }; rest.after < rest.until; ) {
    const segment = now.segment(segmentOf(back ? rest.until : rest.after + 1))
    const first = firstSeqOf(segment.number)
    const within = { after: Math.max(rest.after, first - 1), until: Math.min(rest.until, first + segmentSize - 1) }
    rest = back ? { after: rest.after, until: within.after } : { after: within.until, until: rest.until }
    for (let left = within; left.after < left.until; ) {
      const began = performance.now()
      const range = back
        ? { after: Math.max(left.after, left.until - pace.size), until: left.until }
        : { after: left.after, until: Math.min(left.until, left.after + pace.size) }
      left = back ? { after: left.after, until: range.after } : { after: range.until, until: left.until }
      const told = toldOf(evaluate, now, segment, range, key)
      if (back) for (const seqs of [told.sure, told.unsure]) seqs.reverse()
      yield told
      pace.took(performance.now() - began)
    }
  }
}

function toldOf(evaluate: Evaluate, now: ColumnsNow, segment: Segment, range: Range, key: WordColumn | null): Told {
  const first = firstSeqOf(segment.number)
  const [from, until] = [range.after + 1 - first, range.until + 1 - first]
  const { flags, here, hasElsewhere } = segment
  const [sure, unsure]: [number[], number[]] = [[], []]
  const truths = evaluate({ segment, from, until, now }, here)
  if (!and(truths, here) && !hasElsewhere) return { range, segment, sure, unsure }
  const words = key === null ? null : segment.words(key)
  for (let place = from; place < until; place++) {
    const truth = truths[place]
    if (truth === no && flags[place] !== elsewhere) continue
    if (truth === yes && words?.[place] !== wordElsewhere) sure.push(first + place)
    else unsure.push(first + place)
  }
  return { range, segment, sure, unsure }
}
