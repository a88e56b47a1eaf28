/** Backslashes in `printf` formats and in bash's `$'...'`. Texts are a character for each byte. */

const named: { readonly [letter: string]: string } = {
  a: '\u0007',
  b: '\b',
  e: '\u001b',
  E: '\u001b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

const utf8 = (code: number): string =>
  code <= 0x10ffff ? Buffer.from(String.fromCodePoint(code).toWellFormed(), 'utf8').toString('latin1') : ''
const byte = (code: number): string => String.fromCharCode(code & 0xff)

/** Bash manual, section 3.1.2.4. */
export const ansiC = (text: string): string =>
  text.replace(
    /\\(?:([0-7]{1,3})|x([\da-fA-F]{1,2})|u([\da-fA-F]{1,4})|U([\da-fA-F]{1,8})|c(.)|(.))/gs,
    (_, octal?: string, hex?: string, short?: string, long?: string, control?: string, letter = '') => {
      if (octal !== undefined) return byte(Number.parseInt(octal, 8))
      if (hex !== undefined) return byte(Number.parseInt(hex, 16))
      const code = short ?? long
      if (code !== undefined) return utf8(Number.parseInt(code, 16))
      if (control !== undefined) return byte(control.charCodeAt(0) & 0x1f)
      return named[letter] ?? (/["'?\\]/.test(letter) ? letter : `\\${letter}`)
    },
  )

/** POSIX printf with `%%` and `%s` only; null: there is another conversion. */
export function printfText(format: string, words: readonly string[]): string | null {
  const rest = [...words]
  let isKnown = true
  const text = format.replace(
    /\\(?:([0-7]{1,3})|x([\da-fA-F]{1,2})|(.))|%(.?)/gs,
    (whole, octal?: string, hex?: string, letter?: string, conversion?: string) => {
      if (octal !== undefined) return byte(Number.parseInt(octal, 8))
      if (hex !== undefined) return byte(Number.parseInt(hex, 16))
      if (letter !== undefined) return named[letter] ?? (/["'\\]/.test(letter) ? letter : (whole as string))
      if (conversion === '%') return '%'
      if (conversion !== 's') isKnown = false
      return rest.shift() ?? ''
    },
  )
  return isKnown && rest.length === 0 ? text : null
}
