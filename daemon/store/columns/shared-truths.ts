/** Which of the things that exchanges share satisfy a condition, by id. They are asked a block at a time, once: they never change, and ids are never given again. */
import { noNumber } from './segment.ts'
import { no, type Truths, truthsOf, type unknown, yes } from './truths.ts'

/** By their ids: rows of a table of the record, or words of the columns. */
export interface Shared {
  /** Those with ids in (after, until] that satisfy it. */
  idsOf(after: number, until: number): readonly number[]
  lastId(): number
  /** They do change, though never without a new version. */
  mayChange: boolean
  /** Of an exchange without id. */
  withoutId: typeof no | typeof unknown
}

const blockBits = 8
const blockSize = 1 << blockBits

export class SharedTruths {
  readonly #shared: Shared
  #truths = new Uint8Array(0)
  #known = new Uint8Array(0)
  /** Blocks that were not asked for good. */
  #open: number[] = []
  #version = -1
  #last = 0

  constructor(shared: Shared) {
    this.#shared = shared
  }

  /** @param ids of the places in [from, until), for those of `among` @param version another one: there may be more of them */
  evaluate(ids: Uint32Array, from: number, until: number, among: Truths, version: number): Truths {
    this.#begin(version)
    this.#askFor(ids, from, until, among)
    const truths = truthsOf()
    const byId = this.#truths
    const { withoutId } = this.#shared
    for (let place = from; place < until; place++) {
      const id = ids[place] as number
      truths[place] = id === noNumber ? withoutId : (byId[id] as number)
    }
    return truths
  }

  #askFor(ids: Uint32Array, from: number, until: number, among: Truths): void {
    let last = -1
    for (let place = from; place < until; place++) {
      const id = ids[place] as number
      const block = id >>> blockBits
      // Mostly they are neighbours.
      if (block === last || among[place] === no || id === noNumber) continue
      if (this.#known[block] !== yes) this.#ask(block)
      last = block
    }
  }

  #begin(version: number): void {
    if (version === this.#version) return
    for (const block of this.#open) this.#known[block] = no
    this.#open = []
    this.#version = version
    this.#last = this.#shared.lastId()
  }

  #ask(block: number): void {
    const first = block << blockBits
    const end = first + blockSize
    if (end > this.#truths.length) this.#grow(end)
    this.#truths.fill(no, first, end)
    for (const id of this.#shared.idsOf(first - 1, end - 1)) this.#truths[id] = yes
    this.#known[block] = yes
    if (this.#shared.mayChange || end > this.#last) this.#open.push(block)
  }

  #grow(least: number): void {
    const blocks = Math.max(least, this.#truths.length * 2) >>> blockBits
    const [truths, known] = [new Uint8Array(blocks << blockBits), new Uint8Array(blocks)]
    truths.set(this.#truths)
    known.set(this.#known)
    this.#truths = truths
    this.#known = known
  }
}
