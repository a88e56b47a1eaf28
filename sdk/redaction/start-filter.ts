/** Where one of many texts may begin in bytes: since all have eight at least, a look at every fifth byte misses none. */

/** What a text is known by. */
export const headLength = 8
const gramLength = 4
const stride = headLength - gramLength + 1

/** A filter for at most this many heads lets little else pass. */
export const roomFor = (bits: number): number => 2 ** bits / 64
export const leastBits = 14
export const mostBits = 22

export class StartFilter {
  readonly #shift: number
  /** Hash of four bytes -> at which places of a head they stand, a bit each. */
  readonly #places: Uint8Array
  /** Whether a head has this hash, a bit each. */
  readonly #heads: Uint8Array
  readonly #head = Buffer.alloc(headLength)

  /** @param bits the size: 2^bits bytes and a little more */
  constructor(bits: number) {
    this.#shift = 32 - bits
    this.#places = new Uint8Array(2 ** bits)
    this.#heads = new Uint8Array(2 ** bits / 8)
  }

  /** @param head the first characters of a text, of which the low bytes count */
  add(head: string): void {
    const bytes = this.#head
    bytes.write(head, 'latin1')
    for (let place = 0; place < stride; place++) {
      const hash = Math.imul(gram(bytes, place), factor) >>> this.#shift
      this.#places[hash] = (this.#places[hash] as number) | (1 << place)
    }
    const hash = headHash(bytes, 0) >>> this.#shift
    this.#heads[hash >>> 3] = (this.#heads[hash >>> 3] as number) | (1 << (hash & 7))
  }

  /** The first place from `from` on where one may begin; -1: there is none. @param length of what is looked at */
  next(bytes: Uint8Array, length: number, from: number): number {
    const places = this.#places
    const shift = this.#shift
    const last = length - gramLength
    for (let at = from + stride - 1; at <= last; at += stride) {
      const standsAt = places[Math.imul(gram(bytes, at), factor) >>> shift] as number
      if (standsAt === 0) continue
      for (let place = stride - 1; place >= 0; place--) {
        const start = at - place
        if ((standsAt & (1 << place)) !== 0 && start + headLength <= length && this.#isHead(bytes, start)) return start
      }
    }
    return -1
  }

  #isHead(bytes: Uint8Array, start: number): boolean {
    const hash = headHash(bytes, start) >>> this.#shift
    return ((this.#heads[hash >>> 3] as number) & (1 << (hash & 7))) !== 0
  }
}

const factor = 0x9e3779b1
const gram = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
const headHash = (bytes: Uint8Array, at: number): number =>
  Math.imul(Math.imul(gram(bytes, at), factor) ^ gram(bytes, at + gramLength), 0x85ebca6b)
