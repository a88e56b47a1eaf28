/** Captured text and bytes as literals that JavaScript, Python and Go read alike, and that show no terminal anything but themselves. */

/** Quotes, C0, DEL, C1, what turns the direction of a line, line separators, byte order marks, and what would end a script element. */
const special = /["\\\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|<(?=[/!])/g
const short: { [character: string]: string } = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** @param text without lone surrogates */
export const literal = (text: string): string => `"${text.replace(special, escaped)}"`

const escaped = (character: string): string => short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Of any bytes, as a Python bytes literal after its `b`, or a Go string. */
export const bytesLiteral = (bytes: Buffer): string => `"${bytes.toString('latin1').replace(/[^ !#-[\]-~]/g, hexadecimal)}"`

const hexadecimal = (character: string): string => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`

/** Of any bytes, as an expression of JavaScript that is a Uint8Array. */
export const binaryLiteral = (bytes: Buffer): string =>
  `Uint8Array.from(atob("${bytes.toString('base64')}"), (character) => character.charCodeAt(0))`
