/**
 * The paths of a segment, end to end in UTF-8, so that all of them are searched at once. The block begins with where each one ends; a path
 * that is too long is not told here.
 */
import { segmentSize } from './columns-file.ts'

/** Bytes; segments of longer ones would take too long to read. */
const longestPath = 2000
const endsBytes = segmentSize * 4
/** On an end: this path is not told. */
const untold = 0x8000_0000
const endMask = untold - 1

const encoder = new TextEncoder()

export class PathTexts {
  readonly #ends: Uint32Array
  readonly #text: Buffer
  /** What was put since, by place; null: it is not told. */
  readonly #changed = new Map<number, string | null>()

  constructor(data: Uint8Array = new Uint8Array(endsBytes)) {
    const { buffer, byteOffset, byteLength } = data.byteOffset % 4 === 0 ? data : Uint8Array.from(data)
    this.#ends = new Uint32Array(buffer, byteOffset, segmentSize)
    this.#text = Buffer.from(buffer as ArrayBuffer, byteOffset + endsBytes, byteLength - endsBytes)
  }

  put(place: number, path: string): void {
    this.#changed.set(place, path.length <= longestPath && Buffer.byteLength(path) <= longestPath ? path : null)
  }

  /** As a block, with what was put. */
  bytes(): Uint8Array {
    const pieces: Uint8Array[] = []
    const ends = new Uint32Array(segmentSize)
    let end = 0
    let from = 0
    for (let place = 0; place < segmentSize; place++) {
      const until = this.#end(place)
      const changed = this.#changed.get(place)
      const piece = changed === undefined ? this.#text.subarray(from, until) : encoder.encode(changed ?? '')
      const isTold = changed === undefined ? this.isTold(place) : changed !== null
      from = until
      end += piece.length
      ends[place] = isTold ? end : (end | untold) >>> 0
      pieces.push(piece)
    }
    return Buffer.concat([new Uint8Array(ends.buffer), ...pieces])
  }

  isTold(place: number): boolean {
    return (this.#ends[place] as number) < untold
  }

  at(place: number): string {
    return this.#text.toString('utf8', this.#start(place), this.#end(place))
  }

  /** Calls back for each place in [from, until) whose path has these bytes, in order. @param needle not empty */
  *having(needle: Buffer, from: number, until: number): Generator<number> {
    let place = from
    let at = this.#start(from)
    const end = this.#end(until - 1)
    const text = this.#text.subarray(0, end)
    while (at < end) {
      const found = text.indexOf(needle, at)
      if (found < 0) return
      while (this.#end(place) <= found) place++
      if (found + needle.length > this.#end(place)) at = found + 1
      else {
        yield place
        at = this.#end(place)
      }
    }
  }

  #start(place: number): number {
    return place === 0 ? 0 : this.#end(place - 1)
  }

  #end(place: number): number {
    return (this.#ends[place] as number) & endMask
  }
}
