/** The beginning of a head, chunk line or trailer section that came in pieces. */
import { GrowingBytes } from './growing-bytes.ts'

const lineFeed = 10
const carriageReturn = 13

export class HeldBytes extends GrowingBytes {
  /** The first line has been read and found right. */
  lineRead = false
  #scanned = 0
  #lineScanned = 0

  release(): void {
    if (this.bytes === null && this.#scanned === 0) return
    this.bytes = null
    this.length = 0
    this.lineRead = false
    this.#scanned = 0
    this.#lineScanned = 0
  }

  /** Index just after the first empty line, -1 when it is not there. What was looked at in an earlier call is not looked at again. */
  headEnd(source: Buffer, start: number, length: number): number {
    let feed = source.indexOf(lineFeed, start + this.#scanned)
    while (feed >= 0 && feed < length) {
      if (feed + 1 < length) {
        if (source[feed + 1] === lineFeed) return feed + 2
        if (source[feed + 1] === carriageReturn && feed + 2 < length && source[feed + 2] === lineFeed) return feed + 3
      }
      if (feed + 1 >= length || (source[feed + 1] === carriageReturn && feed + 2 >= length)) {
        this.#scanned = feed - start
        return -1
      }
      feed = source.indexOf(lineFeed, feed + 1)
    }
    this.#scanned = length - start
    return -1
  }

  /** Index of the first line feed, -1 when it is not there. */
  lineEnd(source: Buffer, start: number, length: number): number {
    const feed = source.indexOf(lineFeed, start + this.#lineScanned)
    this.#lineScanned = length - start
    return feed < length ? feed : -1
  }
}

/** As `HeldBytes.headEnd`, in a text. */
export function headEnd(text: string): number {
  const end = text.indexOf('\n\r\n')
  const bare = (end < 0 ? text : text.slice(0, end + 2)).indexOf('\n\n')
  return bare >= 0 ? bare + 2 : end < 0 ? -1 : end + 3
}
