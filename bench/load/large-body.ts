/** Large bodies: reproducible, incompressible, and different at every position, without holding one in memory. */
import { createCipheriv, createHash } from 'node:crypto'
import type { Writable } from 'node:stream'

const chunkBytes = 64 * 1024
const patternBytes = 8 * 1024 * 1024
/** AES-CTR over zeros: random-looking, the same everywhere. */
const pattern = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16)).update(Buffer.alloc(patternBytes))

/** Chunk `index` of a body of `total` bytes; the odd stride keeps neighbours and repeats apart. */
function chunkAt(index: number, total: number): Buffer {
  const start = (index * 4099 * 17) % (patternBytes - chunkBytes)
  return pattern.subarray(start, start + Math.min(chunkBytes, total - index * chunkBytes))
}

/** Writes the whole body, no faster than `out` takes it. Stops early when `out` is destroyed. */
export function writeLargeBody(out: Writable, total: number): void {
  let index = 0
  const fill = () => {
    while (!out.destroyed && index * chunkBytes < total) {
      if (!out.write(chunkAt(index++, total))) {
        out.once('drain', fill)
        return
      }
    }
  }
  fill()
}

/** SHA-256 in hex of the body of `total` bytes. Takes about a second a gigabyte: call it outside of a measured window. */
export function largeBodySha256(total: number): string {
  const hash = createHash('sha256')
  for (let index = 0; index * chunkBytes < total; index++) hash.update(chunkAt(index, total))
  return hash.digest('hex')
}
