/** The body of a request as webRequest tells it, and how much of it that is. */

/** As chrome.webRequest.WebRequestBody. */
export interface ToldBody {
  error?: string
  formData?: { [name: string]: unknown[] }
  raw?: { bytes?: ArrayBuffer; file?: string }[]
}

export interface ReadBody {
  bytes: Uint8Array
  /** Absent: these are its bytes. */
  state?: 'partial' | 'notRead'
}

/** Base64 of a piece stays below what source/feed takes. */
const pieceBytes = 768 * 1024
/** Of a body; what is beyond is left out, and marked. */
const mostBytes = 4 * 1024 * 1024

const nothing = new Uint8Array()

/** null: there is none. Parsed forms are written out as a browser would; that is not sure to be what was sent, so they are `partial`, as bodies with files are. */
export function readBody(told: ToldBody | null | undefined): ReadBody | null {
  if (!told) return null
  if (told.error !== undefined) return { bytes: nothing, state: 'notRead' }
  if (told.formData) return readForm(told.formData)
  const elements = told.raw ?? []
  const bytes = join(elements.flatMap((element) => (element.bytes ? [new Uint8Array(element.bytes)] : [])))
  const isWhole = elements.every((element) => element.bytes !== undefined) && bytes.length <= mostBytes
  if (bytes.length === 0 && isWhole) return null
  if (isWhole) return { bytes }
  return { bytes: bytes.subarray(0, mostBytes), state: bytes.length === 0 ? 'notRead' : 'partial' }
}

/** Of a multipart form, whose boundaries nobody tells, this has only names and texts. */
function readForm(form: { [name: string]: unknown[] }): ReadBody {
  const fields = new URLSearchParams()
  for (const [name, values] of Object.entries(form)) for (const value of values) if (typeof value === 'string') fields.append(name, value)
  const bytes = new TextEncoder().encode(fields.toString())
  return { bytes: bytes.subarray(0, mostBytes), state: bytes.length === 0 ? 'notRead' : 'partial' }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  if (only && parts.length === 1) return only
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** In pieces, base64. */
export function* pieces(bytes: Uint8Array): Generator<string> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield base64(bytes.subarray(at, at + pieceBytes))
}

function base64(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return btoa(binary)
}

export const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
