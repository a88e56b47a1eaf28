/** JSON Web Tokens (RFC 7515), wherever they stand: three parts in base64url, of which the first begins with `{"`. */

const start = 'eyJ'
/** Of the first two parts, characters. */
const leastHead = 9
const leastBody = 6
const part = /[\w-]*/y
const wordBefore = /\w/

/** The same text when there is none in it. Linear in its length. */
export function replaceWebTokens(text: string, replace: (token: string) => string): string {
  let replaced = ''
  let from = 0
  for (let at = text.indexOf(start); at >= 0; at = text.indexOf(start, at)) {
    if (at > 0 && wordBefore.test(text[at - 1] as string)) {
      at += start.length
      continue
    }
    const headEnd = partEnd(text, at)
    const bodyEnd = text[headEnd] === '.' ? partEnd(text, headEnd + 1) : headEnd
    const isToken = headEnd - at >= leastHead && bodyEnd - headEnd > leastBody && text[bodyEnd] === '.'
    if (isToken) {
      const end = partEnd(text, bodyEnd + 1)
      replaced += text.slice(from, at) + replace(text.slice(at, end))
      from = end
    }
    // What begins later in the same part is no more of a token.
    at = isToken ? from : headEnd
  }
  return from === 0 ? text : replaced + text.slice(from)
}

function partEnd(text: string, at: number): number {
  part.lastIndex = at
  part.test(text)
  return part.lastIndex
}
