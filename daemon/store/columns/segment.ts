/** A run of exchanges as columns: arrays with a place for each seq, in the machine's order of bytes. */
import { type BlockName, type NumberColumn, segmentSize, type WordColumn } from './columns-file.ts'
import { PathTexts } from './path-texts.ts'
import { no, type Truths, truthsOf, yes } from './truths.ts'

export const segmentOf = (seq: number): number => Math.floor((seq - 1) / segmentSize)
export const placeOf = (seq: number): number => (seq - 1) % segmentSize
export const firstSeqOf = (segment: number): number => segment * segmentSize + 1

/**
 * In place of the flags (state, kind and source, as in the record) of an exchange: it is not there; it is not told here, because it is open or has numbers that are too large.
 * The flags of open exchanges, which are never here, leave room for both.
 */
export const absent = 0
export const elsewhere = 4
export const flagsMask = 63

/** In place of a number: there is none. */
export const noNumber = 0xffff_ffff
/** In place of a word: there is none; it is not told here. */
export const noWord = 0
export const wordElsewhere = 0xffff_ffff

export type Load = (of: BlockName) => Uint8Array | undefined

/** Columns come when they are asked for. */
export class Segment {
  readonly number: number
  readonly flags: Uint8Array
  readonly #load: Load
  readonly #columns = new Map<BlockName, Uint32Array>()
  #started: Float64Array | null = null
  #paths: PathTexts | null = null
  #hasElsewhere: boolean | null = null
  #here: Truths | null = null

  /** @param load what is stored of it; undefined: it is new */
  constructor(number: number, load: Load) {
    this.number = number
    this.#load = load
    // Not as the driver's Buffer, whose slices are no copies.
    this.flags = Uint8Array.from(load('flags') ?? new Uint8Array(segmentSize))
  }

  /** Some exchanges have to be asked of the record. */
  get hasElsewhere(): boolean {
    this.#hasElsewhere ??= this.flags.includes(elsewhere)
    return this.#hasElsewhere
  }

  /** Which exchanges are here. */
  get here(): Truths {
    this.#here ??=
      this.hasElsewhere || this.flags.includes(absent)
        ? this.flags.map((flag) => (flag === absent || flag === elsewhere ? no : yes))
        : truthsOf(yes)
    return this.#here
  }

  get started(): Float64Array {
    this.#started ??= arrayOf(Float64Array, this.#load('started'))
    return this.#started
  }

  get paths(): PathTexts {
    this.#paths ??= new PathTexts(this.#load('path'))
    return this.#paths
  }

  numbers(of: NumberColumn): Uint32Array {
    return this.#column(of)
  }

  words(of: WordColumn): Uint32Array {
    return this.#column(`word ${of}`)
  }

  #column(of: BlockName): Uint32Array {
    let column = this.#columns.get(of)
    if (column === undefined) {
      column = arrayOf(Uint32Array, this.#load(of))
      this.#columns.set(of, column)
    }
    return column
  }

  /** @param data of a column that was written to */
  block(of: BlockName): Uint8Array {
    if (of === 'flags') return this.flags
    if (of === 'path') return this.paths.bytes()
    const { buffer, byteOffset, byteLength } = of === 'started' ? this.started : this.#column(of)
    return new Uint8Array(buffer, byteOffset, byteLength)
  }
}

type NumberArray = typeof Uint32Array | typeof Float64Array

function arrayOf<A extends NumberArray>(type: A, data: Uint8Array | undefined): InstanceType<A> {
  if (data === undefined) return new type(segmentSize) as InstanceType<A>
  const { buffer, byteOffset } = data.byteOffset % type.BYTES_PER_ELEMENT === 0 ? data : Uint8Array.from(data)
  return new type(buffer as ArrayBuffer, byteOffset, segmentSize) as InstanceType<A>
}
