/**
 * What was captured, as POSIX shells (sh, dash, bash, zsh) read it: exactly its bytes, from a file as from a paste into a terminal,
 * where control characters are keys. So all that is written is UTF-8 without control characters but line feeds between quotes.
 */
import { isUtf8 } from 'node:buffer'
import { wireBytes } from '../text/wire-bytes.ts'

/** C0, DEL, C1, and what turns the direction of a line on a screen; line feeds are no harm between quotes. */
const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/
const printable = /^[ -~]*$/

/** A word of any bytes but NUL, which no word can hold, and a line feed at its end. */
export function shellWord(text: string): string {
  if (printable.test(text)) return quoted(text)
  const bytes = wireBytes(text)
  return plainText(bytes) === null ? `"$(${printf(bytes)})"` : quoted(bytes.toString('utf8'))
}

export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** The text that can stand between quotes for these bytes; null: there is none. */
export function plainText(bytes: Buffer): string | null {
  if (!isUtf8(bytes)) return null
  const text = bytes.toString('utf8')
  return control.test(text) ? null : text
}

/** A command that prints the bytes. An octal escape has three digits, so what follows it is never taken for a part of it. */
export const printf = (bytes: Buffer): string => `printf '${bytes.toString('latin1').replace(/[^\w ./:=,;&@+]/g, octal)}'`

const octal = (character: string) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`
