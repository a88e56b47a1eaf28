/**
 * Replaces values in the text of JSON: every other byte stays as it is, numbers beyond doubles and keys that come twice as well. It reads from left
 * to right without recursion, so nothing is too deep, and makes the best of what is no JSON: a text that was cut, lines of JSON, parts of an object.
 */
import { type JsonPath, stepInto } from './json-paths.ts'
import type { Names } from './names.ts'

export interface JsonSecrets {
  /** Whatever stands there is secret, but null. */
  paths: readonly JsonPath[]
  /** Each text and number below such a key is secret. */
  isKey: Names
  /** The name of a secret text, or of the JSON of another value; it needs no escapes. */
  replace(secret: string): string
  /** What to put in the place of a text that is no secret but may be JSON itself; the same when there is nothing to hide in it. */
  inText(text: string): string
}

/** The same text when there is nothing to hide. Linear in its length. */
export const replaceInJson = (text: string, secrets: JsonSecrets): string => new JsonReplacing(text, secrets).run()

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const comma = 0x2c
const openBracket = 0x5b
const openBrace = 0x7b
const closeBracket = 0x5d
const closeBrace = 0x7d
const isSpace = (code: number): boolean => code <= 0x20 || code === 0xfeff
const endsScalar = new Set([quote, colon, comma, openBracket, openBrace, closeBracket, closeBrace])

/** An array, an object, or what holds the values at the top. */
interface Level {
  isArray: boolean
  /** Of the next value: a key once it was read, an index. */
  key: string | number | null
  paths: readonly JsonPath[]
  isSecret: boolean
}

class JsonReplacing {
  readonly #text: string
  readonly #secrets: JsonSecrets
  readonly #levels: Level[]
  #top: Level
  /** A value that is replaced as a whole: where it begins, and how many levels there are around it. */
  #whole: { from: number; levels: number } | null = null
  #replaced = ''
  /** So far it was copied. */
  #from = 0
  /** Texts end there at the latest. */
  #lineEnd = -1

  constructor(text: string, secrets: JsonSecrets) {
    this.#text = text
    this.#secrets = secrets
    this.#top = { isArray: false, key: null, paths: secrets.paths, isSecret: false }
    this.#levels = [this.#top]
  }

  run(): string {
    const text = this.#text
    for (let at = 0; at < text.length; ) {
      const code = text.charCodeAt(at)
      if (code === quote) at = this.#quoted(at)
      else if (code === openBrace || code === openBracket) this.#open(at++, code === openBracket)
      else if (code === closeBrace || code === closeBracket) this.#close(++at)
      else if (code === comma) at = this.#next(at)
      else if (code === colon || isSpace(code)) at++
      else at = this.#scalar(at)
    }
    if (this.#whole !== null) this.#hide(this.#whole.from, text.length, text.slice(this.#whole.from))
    return this.#from === 0 ? text : this.#replaced + text.slice(this.#from)
  }

  #next(at: number): number {
    const top = this.#top
    top.key = typeof top.key === 'number' ? top.key + 1 : null
    return at + 1
  }

  /** Below the key that was read last. */
  #below(): { paths: readonly JsonPath[]; isSecret: boolean } {
    const { key, paths, isSecret } = this.#top
    if (key === null) return { paths: this.#levels.length === 1 ? paths : [], isSecret }
    return { paths: stepInto(paths, key), isSecret: isSecret || (typeof key === 'string' && this.#secrets.isKey(key)) }
  }

  #open(at: number, isArray: boolean): void {
    const below = this.#below()
    if (this.#whole === null && below.paths.includes(null)) this.#whole = { from: at, levels: this.#levels.length }
    this.#top = { isArray, key: isArray ? 0 : null, ...below }
    this.#levels.push(this.#top)
  }

  /** @param end behind its bracket */
  #close(end: number): void {
    if (this.#levels.length > 1) this.#levels.pop()
    this.#top = this.#levels.at(-1) as Level
    this.#forgetKey()
    if (this.#whole === null || this.#levels.length > this.#whole.levels) return
    this.#hide(this.#whole.from, end, this.#text.slice(this.#whole.from, end))
    this.#whole = null
  }

  #forgetKey(): void {
    if (!this.#top.isArray) this.#top.key = null
  }

  /** Gives back where it ends. */
  #quoted(at: number): number {
    const end = this.#quotedEnd(at)
    if (isBeforeColon(this.#text, end)) this.#top.key = unquoted(this.#text.slice(at, end))
    else {
      if (this.#whole === null) this.#quotedValue(at, end)
      this.#forgetKey()
    }
    return end
  }

  #quotedValue(at: number, end: number): void {
    const { paths, isSecret } = this.#below()
    const first = this.#text.charCodeAt(at + 1)
    if (paths.includes(null) || (isSecret && end - at > 2)) this.#hide(at, end, unquoted(this.#text.slice(at, end)))
    else if (first === openBrace || first === openBracket || first === backslash || isSpace(first)) {
      const before = unquoted(this.#text.slice(at, end))
      const after = this.#secrets.inText(before)
      if (after !== before) this.#put(at, end, JSON.stringify(after))
    }
  }

  /** A text that was cut ends with its line: JSON has no line breaks in texts. */
  #quotedEnd(start: number): number {
    const text = this.#text
    if (this.#lineEnd < start) {
      const found = text.indexOf('\n', start)
      this.#lineEnd = found < 0 ? text.length : found
    }
    for (let at = text.indexOf('"', start + 1); at >= 0 && at < this.#lineEnd; at = text.indexOf('"', at + 1)) {
      let before = at - 1
      while (text.charCodeAt(before) === backslash) before--
      if ((at - before) % 2 === 1) return at + 1
    }
    return this.#lineEnd
  }

  /** A number, a word, or what has no place in JSON. */
  #scalar(at: number): number {
    const text = this.#text
    let end = at + 1
    while (end < text.length && !isSpace(text.charCodeAt(end)) && !endsScalar.has(text.charCodeAt(end))) end++
    if (this.#whole === null) {
      const { paths, isSecret } = this.#below()
      const value = text.slice(at, end)
      const isBoolean = value === 'true' || value === 'false'
      if (value !== 'null' && (paths.includes(null) || (isSecret && !isBoolean))) this.#hide(at, end, value)
    }
    this.#forgetKey()
    return end
  }

  #hide(at: number, end: number, secret: string): void {
    this.#put(at, end, `"${this.#secrets.replace(secret)}"`)
  }

  #put(at: number, end: number, written: string): void {
    this.#replaced += this.#text.slice(this.#from, at) + written
    this.#from = end
  }
}

/** As written where it was cut or is no JSON. */
function unquoted(quoted: string): string {
  const isWhole = quoted.length > 1 && quoted.endsWith('"')
  const inside = quoted.slice(1, isWhole ? -1 : undefined)
  if (!inside.includes('\\')) return inside
  try {
    return JSON.parse(`"${inside}"`)
  } catch {
    return inside
  }
}

/** Whether a text of JSON, or lines of it, or JSON in its texts may have such a key: much quicker than looking at all its values. */
export function mayHoldKey(text: string, isKey: Names): boolean {
  for (let before = -1, at = text.indexOf('"'); at >= 0; before = at, at = text.indexOf('"', at + 1)) {
    if (!isBeforeColon(text, at + 1)) continue
    const key = text.slice(before + 1, at)
    // What is escaped may read otherwise, and an escaped quote does not begin the key.
    if (key.includes('\\') || text[before - 1] === '\\' || isKey(key)) return true
  }
  // JSON in texts may have its quotes escaped so.
  return text.includes('\\u0022')
}

function isBeforeColon(text: string, from: number): boolean {
  let at = from
  while (isSpace(text.charCodeAt(at))) at++
  return text.charCodeAt(at) === colon
}
