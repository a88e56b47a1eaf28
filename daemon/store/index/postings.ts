/**
 * Posting lists of one segment: for each bucket the units (runs of exchanges) whose text has it. As bytes: `bucketCount + 1` offsets
 * (u32, little-endian) into what follows, then for each bucket the gaps between its ascending unit numbers as LEB128.
 */
import { bucketCount, eachBucket } from './trigrams.ts'

const offsetBytes = (bucketCount + 1) * 4

/** Units are told of in order, from 0. */
export class PostingsBuilder {
  /** Per bucket: the unit that was added last, plus one. */
  readonly #last = new Uint32Array(bucketCount)
  #buckets = new Uint16Array(1 << 16)
  #units = new Uint16Array(1 << 16)
  #length = 0
  #unit = 0

  /** Text of the unit in hand. */
  add(bytes: Uint8Array): void {
    const last = this.#last
    const mark = this.#unit + 1
    eachBucket(bytes, (bucket) => {
      if (last[bucket] === mark) return
      last[bucket] = mark
      this.#put(bucket)
    })
  }

  endUnit(): void {
    this.#unit++
  }

  #put(bucket: number): void {
    if (this.#length === this.#buckets.length) this.#grow()
    this.#buckets[this.#length] = bucket
    this.#units[this.#length++] = this.#unit
  }

  #grow(): void {
    const [buckets, units] = [this.#buckets, this.#units]
    this.#buckets = new Uint16Array(this.#length * 2)
    this.#units = new Uint16Array(this.#length * 2)
    this.#buckets.set(buckets)
    this.#units.set(units)
  }

  encode(): Buffer {
    const starts = new Uint32Array(bucketCount + 1)
    const previous = new Int32Array(bucketCount).fill(-1)
    for (let at = 0; at < this.#length; at++) {
      const bucket = this.#buckets[at] as number
      const unit = this.#units[at] as number
      starts[bucket + 1] = (starts[bucket + 1] as number) + lebLength(unit - (previous[bucket] as number))
      previous[bucket] = unit
    }
    for (let bucket = 0; bucket < bucketCount; bucket++) starts[bucket + 1] = (starts[bucket + 1] as number) + (starts[bucket] as number)
    const out = Buffer.allocUnsafe(offsetBytes + (starts[bucketCount] as number))
    for (let bucket = 0; bucket <= bucketCount; bucket++) out.writeUInt32LE(starts[bucket] as number, bucket * 4)
    previous.fill(-1)
    for (let at = 0; at < this.#length; at++) {
      const bucket = this.#buckets[at] as number
      const unit = this.#units[at] as number
      starts[bucket] = writeLeb(out, offsetBytes, starts[bucket] as number, unit - (previous[bucket] as number))
      previous[bucket] = unit
    }
    return out
  }
}

const lebLength = (value: number): number => (value < 0x80 ? 1 : value < 0x4000 ? 2 : 3)

function writeLeb(out: Buffer, base: number, start: number, value: number): number {
  let at = start
  let left = value
  while (left >= 0x80) {
    out[base + at++] = (left & 0x7f) | 0x80
    left >>>= 7
  }
  out[base + at++] = left
  return at
}

/** Reads a range of the encoded bytes. */
export type RangeReader = (offset: number, length: number) => Buffer

/** Lists that are intersected at most: the shortest ones exclude nearly all that others would. */
const mostLists = 4

/** The units that have all the buckets, ascending. */
export function unitsWith(buckets: readonly number[], read: RangeReader): number[] {
  const lists = buckets.map((bucket) => {
    const range = read(bucket * 4, 8)
    const start = range.readUInt32LE(0)
    return { start, length: range.readUInt32LE(4) - start }
  })
  lists.sort((a, b) => a.length - b.length)
  let units: number[] | null = null
  for (const { start, length } of lists.slice(0, mostLists)) {
    if (length === 0) return []
    const found = readList(read(offsetBytes + start, length))
    units = units === null ? found : intersect(units, found)
    if (units.length === 0) return units
  }
  return units ?? []
}

function readList(bytes: Buffer): number[] {
  const units: number[] = []
  let unit = -1
  for (let at = 0; at < bytes.length; ) {
    let gap = 0
    let shift = 0
    for (;;) {
      const byte = bytes[at++] as number
      gap |= (byte & 0x7f) << shift
      if (byte < 0x80 || at >= bytes.length) break
      shift += 7
    }
    unit += gap
    units.push(unit)
  }
  return units
}

function intersect(one: readonly number[], other: readonly number[]): number[] {
  const both: number[] = []
  let at = 0
  for (const unit of one) {
    while (at < other.length && (other[at] as number) < unit) at++
    if (other[at] === unit) both.push(unit)
  }
  return both
}
