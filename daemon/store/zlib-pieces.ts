/** What Node's zlib decodes, piece by piece and at once: what is pushed has come out when `push` returns. */
import { createRequire } from 'node:module'
import { constants } from 'node:zlib'
import type * as Minizlib from 'minizlib'

export interface Pieces {
  /** Throws what zlib says of damaged bytes, and ERR_BUFFER_TOO_LARGE beyond `mostOutput`. */
  push(bytes: Uint8Array): void
  /** Of what was pushed last it took so many bytes: fewer where what is compressed has ended. */
  readonly taken: number
  /** Throws when bytes are missing. */
  finish(): void
  close(): void
}

export interface PiecesOptions {
  out(bytes: Uint8Array): void
  /** Of one push, bytes. */
  mostOutput: number
  /** How much comes out in one piece at most, bytes; also what each decoder holds. 16 KiB when absent. */
  chunkSize?: number
}

// Few bodies need it, and whoever reads bodies would load it.
const require = createRequire(import.meta.url)
const minizlib = () => require('minizlib') as typeof Minizlib

/** The largest window of zstd as a content coding is 8 MiB (RFC 9659 section 3), as a logarithm. */
const windowLog = 23

const flushes = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_FINISH }
const zstdFlushes = {
  flush: constants.ZSTD_e_flush,
  finishFlush: constants.ZSTD_e_end,
  params: { [constants.ZSTD_d_windowLogMax]: windowLog },
}

/** gzip (RFC 1952), of any number of members. */
export const gunzipPieces = (options: PiecesOptions): Pieces => new Decoding(new (minizlib().Gunzip)(zlibOptions(options)), options)

/** zlib (RFC 1950). */
export const inflatePieces = (options: PiecesOptions): Pieces => new Decoding(new (minizlib().Inflate)(zlibOptions(options)), options)

/** Deflate without a wrapper (RFC 1951). */
export const inflateRawPieces = (options: PiecesOptions): Pieces => new Decoding(new (minizlib().InflateRaw)(zlibOptions(options)), options)

/** zstd (RFC 8878), of any number of frames: Node's own functions stop after the first. */
export const zstdPieces = (options: PiecesOptions): Pieces =>
  new Frames(new (minizlib().ZstdDecompress)({ ...zlibOptions(options), ...zstdFlushes }), options)

// minizlib passes them on to Node's zlib; its types know fewer.
const zlibOptions = ({ mostOutput, chunkSize }: PiecesOptions): object => ({ ...flushes, maxOutputLength: mostOutput, chunkSize })

class Decoding implements Pieces {
  readonly stream: Minizlib.Gunzip | Minizlib.Inflate | Minizlib.InflateRaw | Minizlib.ZstdDecompress

  constructor(stream: Decoding['stream'], { out }: PiecesOptions) {
    this.stream = stream
    stream.on('data', (bytes: Uint8Array) => out(bytes))
    stream.on('error', (error: unknown) => {
      throw error
    })
  }

  push(bytes: Uint8Array): void {
    this.stream.write(bytes as Buffer)
  }

  get taken(): number {
    return this.stream.handle?.bytesWritten ?? 0
  }

  finish(): void {
    this.stream.end()
  }

  close(): void {
    this.stream.close()
  }
}

class Frames extends Decoding {
  override push(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0; rest = rest.subarray(this.taken)) super.push(rest)
  }
}
