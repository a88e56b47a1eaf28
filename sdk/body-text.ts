/** Bodies as text, where that loses nothing. */
import { isUtf8 } from 'node:buffer'
import type { MediaType } from './media-type.ts'

// WHATWG MIME Sniffing, "binary data byte".
const binaryByte = /[\u0000-\u0008\u000b\u000e-\u001a\u001c-\u001f]/
/** In HTML's first bytes, or in an XML declaration. */
const declared = /<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w:-]+)|^<\?xml[^>]{0,100}encoding\s*=\s*["']([\w:-]+)/i
const prescanBytes = 1024
const byteOrderMarks: [mark: string, charset: string][] = [
  ['\u00ef\u00bb\u00bf', 'utf-8'],
  ['\u00fe\u00ff', 'utf-16be'],
  ['\u00ff\u00fe', 'utf-16le'],
]

/**
 * The text of a body by its byte order mark, its declared charset, UTF-8, or what its first 1,024 bytes declare, in this order;
 * null when it is not text or has bytes that are none in its charset (so a text always stands for exactly these bytes). A
 * byte order mark stays in the text. Without a media type, only UTF-8 without control characters is text.
 */
export function bodyText(bytes: Uint8Array, type: MediaType): string | null {
  const charset = textCharset(bytes, type)
  if (charset === null) return null
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (charset === 'utf-8') return isUtf8(buffer) ? buffer.toString('utf8') : null
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: true }).decode(buffer)
  } catch {
    return null
  }
}

/** The charset in which to read a body as text, from its first bytes (all of them for a final answer); null: it is not text. */
export function textCharset(bytes: Uint8Array, type: MediaType): string | null {
  if (!type.text && type.essence !== '') return null
  if (type.essence === '' && binaryByte.test(startOf(bytes))) return null
  const mark = (bytes[0] ?? 0) >= 0xef ? markedCharset(startOf(bytes)) : undefined
  if (mark !== undefined) return mark
  if (type.charset !== null) return known(type.charset) ?? (isUtf8(bytes) ? 'utf-8' : null)
  if (isUtf8(bytes)) return 'utf-8'
  const [, meta, xml] = declared.exec(startOf(bytes)) ?? []
  return known(meta ?? xml ?? '')
}

const startOf = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, prescanBytes)).toString('latin1')
const markedCharset = (start: string) => byteOrderMarks.find(([mark]) => start.startsWith(mark))?.[1]

/** The canonical name of a charset label (WHATWG Encoding); null for an unknown one. */
function known(label: string): string | null {
  if (/^utf-?8$/i.test(label)) return 'utf-8'
  try {
    return new TextDecoder(label).encoding
  } catch {
    return null
  }
}
