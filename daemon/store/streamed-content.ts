/** Undoes Content-Encoding piece by piece while a body passes; never with Node's own brotli, which is unsafe. */
import { loadBrotli } from './brotli.ts'
import { gunzipPieces, inflatePieces, inflateRawPieces, zstdPieces } from './zlib-pieces.ts'

/** Pushed bytes come out decoded, as far as that goes. Throws when they are damaged, or grow beyond all measure. */
export interface StreamedContent {
  push(bytes: Uint8Array): void
  close(): void
}

type Out = (bytes: Uint8Array) => void

/** What is pushed at once, bytes: so much may grow a thousandfold in memory. */
const pieceBytes = 4 * 1024
/** Output to input, and what any input may become. */
const mostRatio = 1000
const alwaysAllowed = 1024 * 1024
const mostCodings = 4
/** Of one piece. */
const mostOutput = alwaysAllowed + mostRatio * pieceBytes
const brotliStep = 64 * 1024

/** @param codings in the order they were applied; null: one of them cannot be undone in pieces */
export function streamedContent(codings: readonly string[], out: Out): StreamedContent | null {
  if (codings.length > mostCodings) return null
  let next: StreamedContent = { push: out, close: () => undefined }
  for (const coding of codings) {
    const following = next
    const step = steps[coding]
    if (step === undefined) return null
    next = new Bounded(step, following)
  }
  return next
}

class Bounded implements StreamedContent {
  readonly #next: StreamedContent
  readonly #step: StreamedContent
  #in = 0
  #out = 0

  constructor(make: (out: Out) => StreamedContent, next: StreamedContent) {
    this.#next = next
    this.#step = make((bytes) => {
      this.#out += bytes.length
      if (this.#out > Math.max(alwaysAllowed, mostRatio * this.#in)) throw new Error('it grows beyond all measure')
      if (bytes.length > 0) next.push(bytes)
    })
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes)
      this.#in += piece.length
      this.#step.push(piece)
    }
  }

  close(): void {
    this.#step.close()
    this.#next.close()
  }
}

/** gzip, zlib, or raw deflate (RFC 1951), which some servers send: the first bytes tell. */
function inflating(out: Out): StreamedContent {
  let stream: StreamedContent | null = null
  let first: Uint8Array = new Uint8Array(0)
  return {
    push(bytes) {
      if (stream === null) {
        first = Buffer.concat([first, bytes])
        if (first.length < 3) return
        stream = inflaterFor(first)({ out, mostOutput })
        stream.push(first)
      } else stream.push(bytes)
    },
    close: () => stream?.close(),
  }
}

function inflaterFor([first = 0, second = 0]: Uint8Array) {
  if (first === 0x1f && second === 0x8b) return gunzipPieces
  return (first & 15) === 8 && ((first << 8) | second) % 31 === 0 ? inflatePieces : inflateRawPieces
}

function brotli(out: Out): StreamedContent {
  const { DecompressStream, BrotliStreamResultCode } = loadBrotli()
  let stream: InstanceType<typeof DecompressStream> | null = new DecompressStream()
  const close = () => {
    stream?.free()
    stream = null
  }
  return {
    push(bytes) {
      for (let at = 0; stream !== null; ) {
        const result = stream.decompress(bytes.subarray(at), brotliStep)
        const { buf, code, input_offset: consumed } = result
        result.free()
        at += consumed
        out(buf)
        if (code === BrotliStreamResultCode.ResultSuccess) close()
        else if (code === BrotliStreamResultCode.NeedsMoreInput && at >= bytes.length) return
      }
    },
    close,
  }
}

const steps: { readonly [coding: string]: ((out: Out) => StreamedContent) | undefined } = Object.assign(Object.create(null), {
  gzip: inflating,
  'x-gzip': inflating,
  deflate: inflating,
  br: brotli,
  zstd: (out: Out) => zstdPieces({ out, mostOutput }),
})
