/** Undoes Content-Encoding (RFC 9110 section 8.4) within limits; never with Node's own brotli, which is unsafe. */
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  constants,
  createGunzip,
  createInflate,
  createInflateRaw,
  type Gunzip,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  type ZlibOptions,
} from 'node:zlib'
import { codes, limitExceeded, unavailable, WeirError } from '../../sdk/errors.ts'
import type { Headers } from '../../sdk/model.ts'
import { loadBrotli } from './brotli.ts'
import { zstdPieces } from './zlib-pieces.ts'

export const decodeLimits = {
  /** Of any step, bytes. */
  outputBytes: 64 * 1024 * 1024,
  /** Output to the encoded bytes. */
  ratio: 1000,
  codings: 4,
  /** Of all steps together, ms. */
  ms: 2000,
} as const

export interface DecodeOptions {
  /** The body was cut: decode as far as it goes instead of failing at its end. */
  cut: boolean
  /** Bytes behind the end of what is encoded make it undecodable; else they may be passed over. */
  whole?: boolean
  /** Of the output, bytes; decodeLimits.outputBytes when absent. */
  most?: number
  /** Milliseconds on a steady clock; performance.now when absent. */
  now?: () => number
}

const unread = 'the body is not decoded:'
const readAsReceived = 'read it as it was received'

/** 1004 decodeLimit for want of time: another time it may be decoded. */
export class DecodeTimeout extends WeirError {
  constructor() {
    super(codes.limitExceeded, 'decodeLimit', `${unread} that takes longer than ${decodeLimits.ms / 1000} s; ${readAsReceived}`)
  }
}

interface Work {
  cut: boolean
  /** All bytes have to belong to what is encoded. */
  whole: boolean
  /** Of the output, bytes. */
  limit: number
  /** Throws DecodeTimeout once the time is over. */
  inTime(): void
}

/** One coding: of little input at once, of much in slices, between which the time is looked at. */
interface Coding {
  little(bytes: Uint8Array, work: Work): Uint8Array
  much(bytes: Uint8Array, work: Work): Uint8Array | Promise<Uint8Array>
}

/** What this much input can cost is bounded: a few ms, however it is made, and its output. */
const sliceBytes = 64 * 1024

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

/** Rejects with WeirError: 1004 decodeLimit (a bomb, or more codings than anybody needs), 1005 undecodable (an unknown coding, damaged bytes). */
export async function decodeContent(bytes: Uint8Array, codings: readonly string[], options: DecodeOptions): Promise<Uint8Array> {
  const work = workOn(bytes, codings, options)
  if (bytes.length === 0) return bytes
  let decoded = bytes
  for (const name of codings.toReversed()) {
    const coding = codingOf(name, work)
    try {
      decoded = await (decoded.length <= sliceBytes ? coding.little(decoded, work) : coding.much(decoded, work))
    } catch (error) {
      throw asDecodeError(error, name, work)
    }
  }
  return decoded
}

/** The same for who cannot wait in between: the time is looked at between codings only. Throws what decodeContent rejects with. */
export function decodeContentAtOnce(bytes: Uint8Array, codings: readonly string[], options: DecodeOptions): Uint8Array {
  const work = workOn(bytes, codings, options)
  if (bytes.length === 0) return bytes
  let decoded = bytes
  for (const name of codings.toReversed()) {
    const coding = codingOf(name, work)
    try {
      decoded = coding.little(decoded, work)
    } catch (error) {
      throw asDecodeError(error, name, work)
    }
  }
  return decoded
}

function workOn(bytes: Uint8Array, codings: readonly string[], options: DecodeOptions): Work {
  const { cut, whole = false, most = decodeLimits.outputBytes, now = () => performance.now() } = options
  if (codings.length > decodeLimits.codings)
    throw tooMuch(`it has ${codings.length} content codings, at most ${decodeLimits.codings} are undone`)
  const deadline = now() + decodeLimits.ms
  const inTime = () => {
    if (now() > deadline) throw new DecodeTimeout()
  }
  return { cut, whole, limit: Math.min(most, decodeLimits.ratio * bytes.length), inTime }
}

function codingOf(name: string, { inTime }: Work): Coding {
  const coding = codingsByName[name]
  if (coding === undefined) throw undecodable(`its content coding '${name.slice(0, 40)}' is unknown`)
  inTime()
  return coding
}

function asDecodeError(error: unknown, name: string, { limit }: Work): WeirError {
  if (error instanceof WeirError) return error
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? overLimit(limit) : undecodable(`its bytes are no valid ${name}`)
}

function* slices(bytes: Uint8Array, { inTime }: Work): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    inTime()
    yield bytes.subarray(at, at + sliceBytes)
  }
}

/** All that comes out of a stream of zlib. */
async function collect(bytes: Uint8Array, stream: Transform & Zlib, work: Work): Promise<Uint8Array> {
  const output = new Output(work)
  await pipeline(slices(bytes, work), stream, async (parts: AsyncIterable<Uint8Array>) => {
    for await (const part of parts) output.add(part)
  })
  checkRest(stream.bytesWritten, bytes, work)
  return output.whole()
}

type Zlib = Pick<Gunzip, 'bytesWritten'>
type Sync = (bytes: Uint8Array, options: ZlibOptions) => Uint8Array

/** The same, at once. */
function whole(decode: Sync, bytes: Uint8Array, work: Work): Uint8Array {
  if (!work.whole) return decode(bytes, zlibOptions(work))
  // With `info` Node gives the engine as well, which knows how much it has read.
  const { buffer, engine } = decode(bytes, { ...zlibOptions(work), info: true }) as unknown as { buffer: Uint8Array; engine: Zlib }
  checkRest(engine.bytesWritten, bytes, work)
  return buffer
}

function checkRest(taken: number, bytes: Uint8Array, work: Work): void {
  if (work.whole && taken < bytes.length) throw undecodable('there are bytes behind the end of what is encoded')
}

class Output {
  #parts: Uint8Array[] = []
  #size = 0
  #work: Work

  constructor(work: Work) {
    this.#work = work
  }

  add(part: Uint8Array): void {
    this.#size += part.length
    if (this.#size > this.#work.limit) throw overLimit(this.#work.limit)
    this.#parts.push(part)
    this.#work.inTime()
  }

  whole(): Uint8Array {
    return this.#parts.length === 1 ? (this.#parts[0] as Uint8Array) : Buffer.concat(this.#parts, this.#size)
  }
}

const zlibOptions = ({ limit, cut }: Work): ZlibOptions => ({
  maxOutputLength: limit,
  finishFlush: cut ? constants.Z_SYNC_FLUSH : constants.Z_FINISH,
})
const chunkSize = 256 * 1024

const gzip: Coding = {
  little: (bytes, work) => whole(gunzipSync, bytes, work),
  much: (bytes, work) => collect(bytes, createGunzip({ ...zlibOptions(work), chunkSize }), work),
}

/** RFC 9110 section 8.4.1.2 means zlib's format (RFC 1950); some servers send raw deflate (RFC 1951). */
const isZlib = ([first = 0, second = 0]: Uint8Array): boolean => (first & 15) === 8 && ((first << 8) | second) % 31 === 0

const deflate: Coding = {
  little: (bytes, work) => whole(isZlib(bytes) ? inflateSync : inflateRawSync, bytes, work),
  much: (bytes, work) => collect(bytes, (isZlib(bytes) ? createInflate : createInflateRaw)({ ...zlibOptions(work), chunkSize }), work),
}

function zstd(bytes: Uint8Array, work: Work): Uint8Array {
  const output = new Output(work)
  const frames = zstdPieces({ out: (part) => output.add(part), mostOutput: work.limit, chunkSize })
  try {
    for (const slice of slices(bytes, work)) frames.push(slice)
    if (!work.cut) frames.finish()
    return output.whole()
  } finally {
    frames.close()
  }
}

function brotli(bytes: Uint8Array, work: Work): Uint8Array {
  const { DecompressStream, BrotliStreamResultCode } = loadBrotli()
  const stream = new DecompressStream()
  const output = new Output(work)
  let taken = 0
  try {
    for (const slice of slices(bytes, work)) {
      for (let at = 0; ; ) {
        const result = stream.decompress(slice.subarray(at), chunkSize)
        const { buf, code, input_offset: consumed } = result
        result.free()
        at += consumed
        taken += consumed
        output.add(buf)
        if (code === BrotliStreamResultCode.ResultSuccess) {
          checkRest(taken, bytes, work)
          return output.whole()
        }
        if (code === BrotliStreamResultCode.NeedsMoreInput && at >= slice.length) break
      }
    }
    if (!work.cut) throw undecodable('its bytes are no valid br')
    return output.whole()
  } finally {
    stream.free()
  }
}

const atOnce = (decode: Coding['little']): Coding => ({ little: decode, much: decode })

const codingsByName: { readonly [name: string]: Coding | undefined } = Object.assign(Object.create(null), {
  gzip,
  'x-gzip': gzip,
  deflate,
  zstd: atOnce(zstd),
  br: atOnce(brotli),
})

const overLimit = (limit: number) => tooMuch(`it grows beyond ${limit} bytes (${decodeLimits.ratio} times its size, at most 64 MiB)`)
const tooMuch = (why: string) => limitExceeded('decodeLimit', `${unread} ${why}; ${readAsReceived}`)
const undecodable = (why: string) => unavailable('undecodable', `the body cannot be decoded: ${why}; ${readAsReceived}`)
