/** Which bodies were stored lately, so that a repeat is stored once: the store has no index to ask. Memory is fixed. */

const ways = 4
const sets = 8192

/** A set-associative cache of 32,768 (checksum, size) -> body id; the oldest of a set makes room. Pages of it are touched as it fills. */
export class RecentBodies {
  #checksums = new Uint32Array(sets * ways)
  #sizes = new Uint32Array(sets * ways)
  #ids = new Float64Array(sets * ways)
  #next = new Uint8Array(sets)

  /** The id of a body that may be the same (its bytes decide), or 0. */
  find(checksum: number, size: number): number {
    const start = (checksum % sets) * ways
    for (let at = start; at < start + ways; at++) {
      if (this.#checksums[at] === checksum && this.#sizes[at] === size) return this.#ids[at] as number
    }
    return 0
  }

  add(checksum: number, size: number, id: number): void {
    const set = checksum % sets
    const way = this.#next[set] as number
    this.#next[set] = (way + 1) % ways
    const at = set * ways + way
    this.#checksums[at] = checksum
    this.#sizes[at] = size
    this.#ids[at] = id
  }

  clear(): void {
    this.#ids.fill(0)
    this.#sizes.fill(0)
  }
}
