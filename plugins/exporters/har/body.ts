/** A body as HAR holds it: text where it is text, base64 where it is not. */

import { bodyText, textCharset } from '../../../sdk/body-text.ts'
import type { Part } from '../../../sdk/model.ts'
import type { ExportedExchange } from '../../../sdk/plugin.ts'
import type { HeaderFacts } from './header-facts.ts'

/** Larger bodies are not held in memory whole. */
const wholeBytes = 1024 * 1024

type Decoder = InstanceType<typeof TextDecoder>

export interface HarBody {
  /** Bytes that `text` stands for: those of the wire, or without Content-Encoding. */
  size: number
  base64: boolean
  /** Plain; or what stands between the quotes of its JSON, in pieces; null: left out. */
  text: string | AsyncIterable<string> | null
  comment: string | null
  /** Content-Encoding is still on it. */
  encoded?: true
}

const absent = (size: number, comment: string | null): HarBody => ({ size, base64: false, text: null, comment })
export const emptyBody: HarBody = { size: 0, base64: false, text: '', comment: null }
const asBase64 = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

export interface BodyRequest {
  exchange: ExportedExchange
  part: Part
  /** On the wire. */
  wireBytes: number
  headers: HeaderFacts
  /** Undo Content-Encoding. */
  decode: boolean
  /** Larger ones are left out. */
  maximum: number
}

export async function harBody(request: BodyRequest): Promise<HarBody> {
  const { exchange, part, wireBytes, headers, maximum } = request
  if (wireBytes === 0) return emptyBody
  if (maximum < 0) return absent(request.decode ? -1 : wireBytes, 'left out, as asked')
  if (wireBytes > maximum) return absent(request.decode ? -1 : wireBytes, `left out: larger than ${maximum} bytes`)
  if (request.decode) return decodedBody(request)
  return wireBytes > wholeBytes ? streamedBody(request) : wholeBody(await exchange.readBody(part), headers)
}

function wholeBody(bytes: Uint8Array, { mediaType }: HeaderFacts): HarBody {
  const text = bodyText(bytes, mediaType)
  return { size: bytes.byteLength, base64: text === null, text: text ?? asBase64(bytes), comment: null }
}

/** What cannot be decoded (a wrong coding, a bomb) stands there as it was sent, and says so. */
async function decodedBody({ exchange, part, headers, maximum }: BodyRequest): Promise<HarBody> {
  let bytes: Uint8Array
  try {
    bytes = await exchange.readBody(part, { decode: true })
  } catch (error) {
    const wire = await exchange.readBody(part)
    const why = error instanceof Error ? error.message : 'unreadable'
    return { size: wire.byteLength, base64: true, text: asBase64(wire), comment: `still content-encoded: ${why}`, encoded: true }
  }
  return bytes.byteLength > maximum ? absent(bytes.byteLength, `left out: larger than ${maximum} bytes`) : wholeBody(bytes, headers)
}

/** Read twice: whether it is text all through has to be known before the first character is written. */
async function streamedBody({ exchange, part, headers }: BodyRequest): Promise<HarBody> {
  const { charset, size } = await inspect(exchange.streamBody(part), headers)
  const pieces = exchange.streamBody(part)
  return { size, base64: charset === null, text: charset === null ? base64Pieces(pieces) : textPieces(pieces, charset), comment: null }
}

async function inspect(pieces: AsyncIterable<Uint8Array>, { mediaType }: HeaderFacts): Promise<{ charset: string | null; size: number }> {
  let size = 0
  let charset: string | null = null
  let decoder: Decoder | null = null
  for await (const piece of pieces) {
    if (size === 0) {
      charset = textCharset(withoutCutCharacter(piece), mediaType)
      decoder = charset === null ? null : new TextDecoder(charset, { fatal: true })
    }
    size += piece.byteLength
    if (decoder && !decodes(decoder, piece)) decoder = charset = null
  }
  if (decoder && !decodes(decoder, null)) charset = null
  return { charset, size }
}

/** A piece may end in the middle of a UTF-8 character. */
function withoutCutCharacter(piece: Uint8Array): Uint8Array {
  for (let back = 1; back <= 3 && back < piece.length; back++) {
    const byte = piece[piece.length - back] as number
    if (byte >= 0xc0) return piece.subarray(0, piece.length - back)
    if (byte < 0x80) break
  }
  return piece
}

function decodes(decoder: Decoder, piece: Uint8Array | null): boolean {
  try {
    if (piece) decoder.decode(piece, { stream: true })
    else decoder.decode()
    return true
  } catch {
    return false
  }
}

async function* textPieces(pieces: AsyncIterable<Uint8Array>, charset: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(charset, { ignoreBOM: true })
  for await (const piece of pieces) yield JSON.stringify(decoder.decode(piece, { stream: true })).slice(1, -1)
  yield JSON.stringify(decoder.decode()).slice(1, -1)
}

/** Three bytes are four characters, so what is left of a piece goes with the next. */
async function* base64Pieces(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let left: Uint8Array = Buffer.alloc(0)
  for await (const piece of pieces) {
    const bytes: Uint8Array = left.byteLength > 0 ? Buffer.concat([left, piece]) : piece
    const whole = bytes.byteLength - (bytes.byteLength % 3)
    left = Buffer.from(bytes.subarray(whole))
    yield asBase64(bytes.subarray(0, whole))
  }
  yield asBase64(left)
}
