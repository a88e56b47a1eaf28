/** A run of exchanges as columns: numbers of 32 bits, in the machine's order of bytes. */
import { stateOf } from '../../exchange-row.ts'
import type { OverviewRow } from '../group.ts'
import { type ColumnKey, columnKeys } from './columns-file.ts'

/** Seqs of a segment, whether they are there or not. */
export const segmentSize = 8192
export const segmentOf = (seq: number): number => Math.floor((seq - 1) / segmentSize)
export const placeOf = (seq: number): number => (seq - 1) % segmentSize
export const firstSeqOf = (segment: number): number => segment * segmentSize + 1

/** Of an exchange: not there; not told here, because it is open or too large; ended; failed. */
export const absent = 0
export const elsewhere = 1
const ended = 2
export const failed = 3

/** In place of a word: there is none; it is not told here. */
export const noWord = 0
export const wordElsewhere = 0xffff_ffff
const largest = 0xffff_fffe

export class SegmentFacts {
  readonly data: Uint8Array
  readonly states: Uint8Array
  readonly sent: Uint32Array
  readonly received: Uint32Array
  /** Microseconds. */
  readonly durations: Uint32Array

  constructor(data: Uint8Array = new Uint8Array(segmentSize * 13)) {
    const { buffer, byteOffset } = aligned(data)
    const numbers = (column: number) => new Uint32Array(buffer, byteOffset + segmentSize * 4 * column, segmentSize)
    this.data = new Uint8Array(buffer, byteOffset, segmentSize * 13)
    this.sent = numbers(0)
    this.received = numbers(1)
    this.durations = numbers(2)
    this.states = this.data.subarray(segmentSize * 12)
  }
}

export const wordsOf = (data: Uint8Array = new Uint8Array(segmentSize * 4)): Uint32Array => {
  const { buffer, byteOffset } = aligned(data)
  return new Uint32Array(buffer, byteOffset, segmentSize)
}

const aligned = (data: Uint8Array): Uint8Array => (data.byteOffset % 4 === 0 ? data : Uint8Array.from(data))

/** One that is being written. */
export class Segment {
  readonly facts: SegmentFacts
  readonly words: { readonly [K in ColumnKey]: Uint32Array }

  /** @param stored null: there is none yet */
  constructor(stored: (of: ColumnKey | 'facts') => Uint8Array | undefined) {
    this.facts = new SegmentFacts(stored('facts'))
    this.words = Object.fromEntries(columnKeys.map((key) => [key, wordsOf(stored(key))])) as Segment['words']
  }

  remove(place: number): void {
    this.facts.states[place] = absent
  }

  /** @param wordOf the word that is its key */
  put(place: number, [, , flags, sent, received, took]: OverviewRow, wordOf: (key: ColumnKey) => number): void {
    const { states, ...columns } = this.facts
    const isHere = stateOf(flags) !== 'open' && took !== null && Math.max(took, sent, received) <= largest
    states[place] = isHere ? (stateOf(flags) === 'failed' ? failed : ended) : elsewhere
    if (!isHere) return
    columns.sent[place] = sent
    columns.received[place] = received
    columns.durations[place] = took
    for (const key of columnKeys) this.words[key][place] = wordOf(key)
  }
}
