/** `a=1&b=2`, values percent-encoded, as queries and forms are written (WHATWG URL section 5.1). */
import type { Names } from './names.ts'

export interface PairSecrets {
  /** Of a decoded name. */
  isSecret: Names
  /** What to put in the place of a decoded secret; it needs no encoding. */
  replace(secret: string): string
  /** What to put in the place of another value, which may hold secrets in itself; the same when there is nothing to hide. */
  inside(value: string): string
}

/** What a value that holds more than one text has in it, as it is or percent-encoded. */
const mayHoldMore = /[={@]|%(?:25|3d|40|7b)/i

/**
 * All but the secrets stays as it is written. A `?` begins a name anew, for fragments hold whole paths, and a `;` does where no secret comes
 * before it, for it once stood for `&`. Linear in the length of the text.
 */
export const replaceInPairs = (text: string, secrets: PairSecrets): string =>
  text.includes('=')
    ? text
        .split('&')
        .map((pair) => inPair(pair, secrets))
        .join('&')
    : text

function inPair(pair: string, secrets: PairSecrets): string {
  let replaced = ''
  for (let from = 0; ; ) {
    const equals = pair.indexOf('=', from)
    if (equals < 0) return replaced + pair.slice(from)
    const left = pair.slice(from, equals)
    const name = left.slice(Math.max(left.lastIndexOf('?'), left.lastIndexOf(';')) + 1)
    const start = `${left}=`
    const rest = pair.slice(equals + 1)
    if (secrets.isSecret(decoded(name))) return replaced + start + (rest && secrets.replace(decoded(rest)))
    const next = pair.indexOf(';', equals)
    if (from === 0 || next < 0) {
      const after = inValue(rest, secrets)
      if (after !== rest || next < 0) return replaced + start + after
    }
    replaced += start + inValue(pair.slice(equals + 1, next), secrets)
    from = next
  }
}

function inValue(value: string, secrets: PairSecrets): string {
  if (!mayHoldMore.test(value)) return value
  const before = decoded(value)
  const after = secrets.inside(before)
  if (after === before) return value
  return value === before ? after : encodeURIComponent(after.toWellFormed())
}

/** As written where it is no percent-encoding. */
function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}
