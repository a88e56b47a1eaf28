/**
 * What was captured is untrusted: it may carry escape sequences, line breaks and bidirectional overrides that forge what a
 * terminal shows (CVE-2021-42574 is the idea). Everything human-readable passes through here before it is written.
 */

/** Cc, Cf (bidi, zero-width, tags), line and paragraph separators, lone surrogates, and what is drawn as nothing. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu
const unsafeButBreaks = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu
/** What JSON.stringify leaves as it is although a terminal obeys it or is misled by it. */
const unsafeInJson = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

const short: { [character: string]: string } = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x100) return short[character] ?? `\\x${code.toString(16).padStart(2, '0')}`
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`
}

/** One line: line breaks and tabs are escaped as well (`\n`, `\t`, `\x1b`, `\u202e`). Printable text comes back as it is. */
export const printable = (text: string): string => text.replace(unsafe, escaped)

/** Many lines: line feeds and tabs stay, CRLF becomes a line feed. */
export const printableLines = (text: string): string => text.replaceAll('\r\n', '\n').replace(unsafeButBreaks, escaped)

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Text whose bytes above 127 stand as U+0080..00FF (URLs, header values), read as UTF-8 where it is that; one printable line. */
export function printableBytes(text: string): string {
  if (!/[\u0080-\u00ff]/.test(text) || /[^\u0000-\u00ff]/.test(text)) return printable(text)
  try {
    return printable(utf8.decode(Buffer.from(text, 'latin1')))
  } catch {
    return printable(text)
  }
}

/** JSON on one line (or indented by `space`) that means the same and that no terminal acts on. */
export function printableJson(value: unknown, space?: number): string {
  const text = JSON.stringify(value, null, space) ?? 'null'
  return text.replace(unsafeInJson, (character) => (character === '\n' ? character : jsonEscape(character)))
}

const jsonEscape = (character: string): string =>
  character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
