/**
 * Finds a text in a session, newest exchange first. The index says where it may be, everything it does not cover is read, and each
 * hit is one in the text itself: nothing is missed and nothing is made up, however far the index has come.
 */

import type { SearchHit, SearchMatch, TextPart } from '../../../sdk/search-hit.ts'
import type { Database } from '../database.ts'
import { indexPath } from '../session-path.ts'
import { IndexFile } from './index-file.ts'
import { Needle } from './needle.ts'
import { type ExchangeTexts, SearchableTexts, type ShownTexts } from './searchable-text.ts'
import { type SeqRange, type TextSegment, textSegments } from './text-segments.ts'
import { bucketsOf } from './trigrams.ts'

export interface TextQuery {
  text: string
  /** Otherwise ASCII letters match in either case. */
  caseSensitive: boolean
  /** Where to look; null: everywhere. */
  parts: readonly TextPart[] | null
  /** Only exchanges before this seq. */
  before: number
  limit: number
}

export interface SearchSlice {
  hits: SearchHit[]
  /** Everything from here on has been looked at; 0: all of it. */
  before: number
  /** So many exchanges at the end of the record are not indexed yet, about. */
  unindexed: number
}

/** Rows read by one statement. */
const sliceRows = 16
/** Matches told of one exchange. */
const mostMatches = 10
/** On either side of a match, bytes. */
const contextBytes = 60

export class TextSearch {
  readonly #texts: SearchableTexts
  readonly #file: string
  #index: IndexFile | null = null

  constructor(db: Database, file: string) {
    this.#texts = new SearchableTexts(db)
    this.#file = file
  }

  close(): void {
    this.#index?.close()
    this.#index = null
  }

  /**
   * Looks for so long, at least at one exchange.
   * @param deadline of performance.now
   * @param shown a text that is not shown has no hits; null: all are
   */
  slice(query: TextQuery, lastSeq: number, deadline: number, shown: ShownTexts | null = null): SearchSlice {
    const segments = this.#segments()
    const indexed = segments.at(-1)?.last ?? 0
    const needle = new Needle(query.text, query.caseSensitive)
    const buckets = bucketsOf(needle.bytes)
    const hits: SearchHit[] = []
    let before = Math.min(query.before, lastSeq + 1)
    while (before > 1 && hits.length < query.limit) {
      const segment = segments.findLast(({ first }) => first < before)
      const isCovered = segment !== undefined && segment.last >= before - 1
      const floor = isCovered ? segment.first : (segment?.last ?? 0) + 1
      const ranges: SeqRange[] = isCovered ? segment.candidates(buckets) : [[floor, before]]
      before = this.#readRanges(ranges, before, floor, query, shown, needle, hits, deadline)
      if (performance.now() >= deadline) break
    }
    return { hits, before: before > 1 ? before : 0, unindexed: lastSeq - indexed }
  }

  /** Newest first, until the deadline, the limit or the floor; gives back from where on all has been looked at. */
  #readRanges(
    ranges: readonly SeqRange[],
    start: number,
    floor: number,
    query: TextQuery,
    shown: ShownTexts | null,
    needle: Needle,
    hits: SearchHit[],
    deadline: number,
  ): number {
    let before = start
    for (const [from, to] of ranges.toReversed()) {
      before = Math.min(before, to)
      while (before > from) {
        const exchanges = this.#texts.before(from, before, sliceRows)
        for (const exchange of exchanges) {
          before = exchange.seq
          const hit = this.#hitOf(exchange, query, shown, needle)
          if (hit) hits.push(hit)
          if (hits.length === query.limit || performance.now() >= deadline) return before
        }
        if (exchanges.length < sliceRows) before = from
      }
    }
    return floor
  }

  /** What is hidden is looked at only where there would be a hit. */
  #hitOf(exchange: ExchangeTexts, query: TextQuery, shown: ShownTexts | null, needle: Needle): SearchHit | null {
    const hit = hitOf(exchange, query, needle)
    if (hit === null || shown === null) return hit
    const texts = this.#texts.shown(exchange.seq, shown)
    return texts && hitOf(texts, query, needle)
  }

  #segments(): TextSegment[] {
    try {
      this.#index ??= IndexFile.open(indexPath(this.#file), 'read')
    } catch {
      // There is none: everything is read.
      return []
    }
    this.#index.refresh()
    return textSegments(this.#index)
  }
}

function hitOf({ seq, texts }: ExchangeTexts, query: TextQuery, needle: Needle): SearchHit | null {
  const matches: SearchMatch[] = []
  for (const text of texts(query.parts)) {
    if (text.bytes === null) continue
    for (const at of needle.placesIn(text.bytes)) {
      matches.push(matchAt(text.part, text.position, text.bytes, at, needle.bytes.length))
      if (matches.length === mostMatches) return { seq, matches }
    }
  }
  return matches.length > 0 ? { seq, matches } : null
}

/** @param start of the bytes in the part */
function matchAt(part: TextPart, start: number, bytes: Buffer, at: number, length: number): SearchMatch {
  const from = wholeCharacter(bytes, Math.max(0, at - contextBytes))
  const to = wholeCharacter(bytes, Math.min(bytes.length, at + length + contextBytes))
  return {
    part,
    position: start + at,
    before: bytes.toString('utf8', from, at),
    match: bytes.toString('utf8', at, at + length),
    after: bytes.toString('utf8', at + length, to),
  }
}

/** At or after `at`: not inside of a UTF-8 sequence. */
function wholeCharacter(bytes: Buffer, at: number): number {
  let start = at
  while (start < bytes.length && start < at + 3 && ((bytes[start] as number) & 0xc0) === 0x80) start++
  return start
}
