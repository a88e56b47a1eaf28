/** Applies Content-Encoding (RFC 9110 section 8.4) to bodies that somebody else has decoded. */
import { constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { loadBrotli } from './brotli.ts'

type Encode = (bytes: Uint8Array) => Uint8Array

const gzip: Encode = (bytes) => gzipSync(bytes, { level: constants.Z_BEST_SPEED })
const encoders: { readonly [name: string]: Encode | undefined } = Object.assign(Object.create(null), {
  gzip,
  'x-gzip': gzip,
  deflate: (bytes: Uint8Array) => deflateSync(bytes, { level: constants.Z_BEST_SPEED }),
  zstd: (bytes: Uint8Array) => zstdCompressSync(bytes),
  br: (bytes: Uint8Array) => loadBrotli().compress(bytes, { quality: 1 }),
})

/** @param codings in the order in which they are applied; with one that is unknown the bytes stay as they are */
export function encodeContent(bytes: Buffer, codings: readonly string[]): Buffer {
  let encoded: Uint8Array = bytes
  for (const name of codings) {
    const encode = encoders[name]
    if (encode === undefined) return bytes
    encoded = encode(encoded)
  }
  return Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength)
}
