/** Bytes that come in pieces, however small: memory grows with what came, by doubling, and no piece costs an object. */

const smallest = 512

export class GrowingBytes {
  /** Only the first `length` bytes count. */
  bytes: Buffer | null = null
  length = 0

  add(piece: Buffer, start = 0, end = piece.length): void {
    const length = this.length + end - start
    if (this.bytes === null || this.bytes.length < length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(smallest, length * 2))
      if (this.bytes !== null) this.bytes.copy(larger, 0, 0, this.length)
      this.bytes = larger
    }
    piece.copy(this.bytes, this.length, start, end)
    this.length = length
  }

  /** What came, as a view. */
  get whole(): Buffer {
    return this.bytes === null ? noBytes : this.bytes.subarray(0, this.length)
  }
}

const noBytes: Buffer = Buffer.alloc(0)
