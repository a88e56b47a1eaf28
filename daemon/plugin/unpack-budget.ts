/**
 * How much compressed data is unpacked for redaction and by the check of what was written: both go by it, so the one lets nothing out that the
 * other refuses.
 */

/** The check may unpack so many times what was written, and so much more, bytes. */
const ratio = 100
const freeBytes = 64 * 1024 * 1024
/** What bodies may hold beyond so many times their own size, all together, bytes. */
const beyondBytes = 1024 * 1024 * 1024
const mostOfText = 16 * 1024 * 1024
/** So often an exporter may write a body. */
const copies = 4

export class UnpackBudget {
  /** What the check may still unpack, bytes. */
  left: number
  #beyond: number

  constructor(free = freeBytes, beyond = beyondBytes) {
    this.left = free
    this.#beyond = beyond
  }

  /** Whether a body of so many bytes may go out that came to so many; then the check may unpack it as well. */
  allows(size: number, unpacked: number): boolean {
    const beyond = Math.max(0, unpacked - size * ratio)
    if (beyond > this.#beyond) return false
    this.#beyond -= beyond
    this.left += unpacked * copies
    return true
  }

  /** What a text of so many characters may come to, bytes: it is written again with each exchange that has it. */
  static ofText(length: number): number {
    return Math.min(mostOfText, length * ratio)
  }

  /** The check may unpack what was written. */
  wrote(bytes: number): void {
    this.left += bytes * ratio
  }
}
