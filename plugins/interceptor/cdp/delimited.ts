/** What comes in pieces of any size, cut at a separator: messages of a pipe (NUL), lines of a log. */

export interface DelimitedOptions {
  /** One byte. */
  separator: number
  /** What is longer is left out, whole. */
  mostBytes: number
  /** Without its separator; valid during the call. */
  whole(bytes: Buffer): void
  tooLong(): void
}

export class Delimited {
  readonly #options: DelimitedOptions
  #pieces: Buffer[] = []
  #length = 0

  constructor(options: DelimitedOptions) {
    this.#options = options
  }

  push(chunk: Buffer): void {
    const { separator, mostBytes, whole, tooLong } = this.#options
    let start = 0
    for (let end = chunk.indexOf(separator); end !== -1; end = chunk.indexOf(separator, start)) {
      this.#keep(chunk.subarray(start, end))
      start = end + 1
      const [pieces, length] = [this.#pieces, this.#length]
      this.#pieces = []
      this.#length = 0
      if (length > mostBytes) tooLong()
      else whole(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, length))
    }
    // A stream uses the memory of a chunk for nothing else.
    if (start < chunk.length) this.#keep(chunk.subarray(start))
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length
    if (this.#length > this.#options.mostBytes) this.#pieces = []
    else this.#pieces.push(piece)
  }
}
