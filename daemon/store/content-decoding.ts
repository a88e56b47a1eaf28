/** Undoes Content-Encoding (RFC 9110 section 8.4) within limits; never with Node's own brotli, which is unsafe. */
import { createRequire } from 'node:module'
import { constants, gunzipSync, inflateRawSync, inflateSync, type ZlibOptions, type ZstdOptions, zstdDecompressSync } from 'node:zlib'
import type * as Brotli from 'brotli-wasm'
import { limitExceeded, unavailable, WeirError } from '../../sdk/errors.ts'
import type { Headers } from '../../sdk/model.ts'

export const decodeLimits = {
  /** Of any step, bytes. */
  outputBytes: 64 * 1024 * 1024,
  /** Output to the encoded bytes. */
  ratio: 1000,
  codings: 4,
} as const

export interface DecodeOptions {
  /** The body was cut: decode as far as it goes instead of failing at its end. */
  cut: boolean
}

type Step = (bytes: Uint8Array, limit: number, options: DecodeOptions) => Uint8Array

// Its ES module loads the WebAssembly with fetch; the CommonJS one reads the file.
const require = createRequire(import.meta.url)
const brotliStep = 256 * 1024

/** The codings in the order they were applied, `identity` left out. Field lines are joined as one list (RFC 9110 section 5.3). */
export function contentCodings(headers: Readonly<Headers>): string[] {
  const codings: string[] = []
  for (const [name, value] of headers) {
    if (name.toLowerCase() !== 'content-encoding') continue
    for (const word of value.split(',')) {
      const coding = word.trim().toLowerCase()
      if (coding !== '' && coding !== 'identity') codings.push(coding)
    }
  }
  return codings
}

/** Throws WeirError: 1004 decodeLimit (a bomb, or more codings than anybody needs), 1005 undecodable (an unknown coding, damaged bytes). */
export function decodeContent(bytes: Uint8Array, codings: readonly string[], options: DecodeOptions): Uint8Array {
  if (codings.length > decodeLimits.codings)
    throw tooMuch(`it has ${codings.length} content codings, at most ${decodeLimits.codings} are undone`)
  if (bytes.length === 0) return bytes
  const limit = Math.min(decodeLimits.outputBytes, decodeLimits.ratio * bytes.length)
  let decoded = bytes
  for (const coding of codings.toReversed()) decoded = undo(coding, decoded, limit, options)
  return decoded
}

function undo(coding: string, bytes: Uint8Array, limit: number, options: DecodeOptions): Uint8Array {
  const step = steps[coding]
  if (step === undefined) throw undecodable(`its content coding '${coding.slice(0, 40)}' is unknown`)
  try {
    return step(bytes, limit, options)
  } catch (error) {
    if (error instanceof WeirError) throw error
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw overLimit(limit)
    throw undecodable(`its bytes are no valid ${coding}`)
  }
}

const zlibOptions = (limit: number, { cut }: DecodeOptions): ZlibOptions => ({
  maxOutputLength: limit,
  finishFlush: cut ? constants.Z_SYNC_FLUSH : constants.Z_FINISH,
})

const gzip: Step = (bytes, limit, options) => gunzipSync(bytes, zlibOptions(limit, options))

/** RFC 9110 section 8.4.1.2 means zlib's format (RFC 1950); some servers send raw deflate (RFC 1951). */
const deflate: Step = (bytes, limit, options) => {
  const [first = 0, second = 0] = bytes
  const zlib = (first & 15) === 8 && ((first << 8) | second) % 31 === 0
  return zlib ? inflateSync(bytes, zlibOptions(limit, options)) : inflateRawSync(bytes, zlibOptions(limit, options))
}

const zstd: Step = (bytes, limit, { cut }) => {
  const options: ZstdOptions = { maxOutputLength: limit, finishFlush: cut ? constants.ZSTD_e_flush : constants.ZSTD_e_end }
  return zstdDecompressSync(bytes, options)
}

const br: Step = (bytes, limit, { cut }) => {
  const { DecompressStream, BrotliStreamResultCode } = require('brotli-wasm') as typeof Brotli
  const stream = new DecompressStream()
  const parts: Uint8Array[] = []
  let size = 0
  let at = 0
  try {
    for (;;) {
      const result = stream.decompress(bytes.subarray(at), brotliStep)
      const { buf, code, input_offset: consumed } = result
      result.free()
      at += consumed
      size += buf.length
      if (size > limit) throw overLimit(limit)
      parts.push(buf)
      if (code === BrotliStreamResultCode.ResultSuccess) break
      if (code === BrotliStreamResultCode.NeedsMoreInput && at >= bytes.length) {
        if (cut) break
        throw undecodable('its bytes are no valid br')
      }
    }
  } finally {
    stream.free()
  }
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts, size)
}

const steps: { readonly [coding: string]: Step | undefined } = Object.assign(Object.create(null), {
  gzip,
  'x-gzip': gzip,
  deflate,
  zstd,
  br,
})

const overLimit = (limit: number) => tooMuch(`it grows beyond ${limit} bytes (${decodeLimits.ratio} times its size, at most 64 MiB)`)
const tooMuch = (why: string) => limitExceeded('decodeLimit', `the body is not decoded: ${why}; read it as it was received`)
const undecodable = (why: string) => unavailable('undecodable', `the body cannot be decoded: ${why}; read it as it was received`)
