/**
 * Room on the disk of the home, for all sessions. When it runs out, the ballast makes room for what is in hand; recording
 * then rests until somebody else makes room, so that the gap can be written and files closed in what is left.
 */
import type { Ballast } from '../store/ballast.ts'

/** So much more free space than there was lets recording go on. */
const enough = 4 * 1024 * 1024

export class DiskRoom {
  #ballast: Pick<Ballast, 'release' | 'restore'>
  #free: () => number
  #leastFree = 0
  #low = false

  /** `free`: bytes an ordinary user may still write. */
  constructor(ballast: Pick<Ballast, 'release' | 'restore'>, free: () => number) {
    this.#ballast = ballast
    this.#free = free
  }

  /** A write failed for want of room. True: the ballast made some, just enough to finish. */
  ranOut(): boolean {
    if (!this.#ballast.release()) return false
    this.#low = true
    this.#leastFree = this.#free()
    return true
  }

  /** Recording rests. Looks whether there is room again. */
  isLow(): boolean {
    if (!this.#low) return false
    const free = this.#free()
    if (free - this.#leastFree >= enough) this.#low = false
    else this.#leastFree = Math.min(this.#leastFree, free)
    return this.#low
  }

  /** Makes the ballast (again) when there is room to spare: some 50 ms. */
  restore(): void {
    if (!this.#low) this.#ballast.restore()
  }
}
