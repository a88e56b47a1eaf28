/**
 * The blocks of the text index. A segment covers the exchanges from `first` to `last`, in units: runs of exchanges that share their
 * postings, so that short texts with the same words cost little. Data: for each unit its first seq (f64), then the postings.
 */
import type { IndexBlock, IndexFile } from './index-file.ts'
import { PostingsBuilder, unitsWith } from './postings.ts'
import type { ExchangeTexts } from './searchable-text.ts'

const textKind = 1
/** Text of a unit, about, bytes; exchanges of one at most. */
const unitBytes = 12 * 1024
const unitExchanges = 16
/** Units of a segment at most, and what makes it long enough to be written. */
const segmentUnits = 2_048

interface AboutText {
  first: number
  last: number
  units: number
  /** Exchanges that had not ended, or had texts that were not decoded in time: the postings have not all of their texts. */
  late: number[]
}

/** Seqs of a segment that may hold a text, as ascending ranges [from, to). */
export type SeqRange = [from: number, to: number]

export class TextSegment {
  readonly #file: IndexFile
  readonly #block: IndexBlock<AboutText>

  constructor(file: IndexFile, block: IndexBlock<AboutText>) {
    this.#file = file
    this.#block = block
  }

  get first(): number {
    return this.#block.about.first
  }

  get last(): number {
    return this.#block.about.last
  }

  /** Where a text with all the buckets may be; everywhere when there are none. */
  candidates(buckets: readonly number[]): SeqRange[] {
    const { first, last, units, late } = this.#block.about
    if (buckets.length === 0) return [[first, last + 1]]
    const { offset } = this.#block
    const postings = offset + units * 8
    const found = unitsWith(buckets, (at, length) => this.#file.read(postings + at, length))
    const starts = found.length === 0 ? null : this.#file.read(offset, units * 8)
    const ranges: SeqRange[] = found.map((unit) => [
      starts?.readDoubleLE(unit * 8) ?? first,
      unit + 1 < units ? (starts?.readDoubleLE(unit * 8 + 8) ?? last) : last + 1,
    ])
    for (const seq of late) if (!ranges.some(([from, to]) => seq >= from && seq < to)) ranges.push([seq, seq + 1])
    return ranges.sort(([a], [b]) => a - b)
  }
}

/** Oldest first. */
export const textSegments = (file: IndexFile): TextSegment[] =>
  file.blocks<AboutText>(textKind).map((block) => new TextSegment(file, block))

/** One segment in the making. */
export class TextSegmentBuilder {
  readonly #postings = new PostingsBuilder()
  readonly #starts: number[] = []
  readonly #late: number[] = []
  #first = 0
  #last = 0
  #inUnit = 0
  #unitBytes = 0
  /** Of text taken in. */
  bytes = 0

  get isFull(): boolean {
    return this.#starts.length >= segmentUnits
  }

  get isEmpty(): boolean {
    return this.#last === 0
  }

  /** In order of seq. */
  add({ seq, isOpen, texts }: ExchangeTexts): void {
    if (this.#inUnit === 0) this.#starts.push(seq)
    if (this.isEmpty) this.#first = seq
    this.#last = seq
    let isLate = isOpen
    for (const { bytes } of isOpen ? [] : texts(null)) {
      if (bytes === null) isLate = true
      else this.#take(bytes)
    }
    if (isLate) this.#late.push(seq)
    this.#inUnit++
    if (this.#inUnit >= unitExchanges || this.#unitBytes >= unitBytes) this.#endUnit()
  }

  #take(bytes: Buffer): void {
    this.#postings.add(bytes)
    this.#unitBytes += bytes.length
    this.bytes += bytes.length
  }

  write(file: IndexFile): void {
    if (this.#inUnit > 0) this.#endUnit()
    const starts = Buffer.allocUnsafe(this.#starts.length * 8)
    for (const [unit, seq] of this.#starts.entries()) starts.writeDoubleLE(seq, unit * 8)
    const about: AboutText = { first: this.#first, last: this.#last, units: this.#starts.length, late: this.#late }
    file.append(textKind, about, Buffer.concat([starts, this.#postings.encode()]))
  }

  #endUnit(): void {
    this.#postings.endUnit()
    this.#inUnit = 0
    this.#unitBytes = 0
  }
}
