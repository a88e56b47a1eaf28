/**
 * Replaces texts and the values of attributes in XML by the names of elements (all texts below one) and attributes, without prefixes; all else
 * stays as it is written. What is no XML is read as text. Linear in the length.
 */
import type { Names } from './names.ts'

/** Of what is neither element nor text. */
const asides: readonly [start: string, end: string][] = [
  ['<!--', '-->'],
  ['<?', '?>'],
  ['<!', '>'],
]
const cdataStart = '<![CDATA['
const cdataEnd = ']]>'
const tagName = /<\/?(?:[\w.-]+:)?([\w.-]+)/y
const attribute = /(\s(?:[\w.-]+:)?([\w.-]+)\s*=\s*)("[^"]*"|'[^']*')/g
const reference = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos));/gi
const named: { readonly [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** @param replace what it gives needs no escapes */
export const replaceInXml = (text: string, isKey: Names, replace: (secret: string) => string): string =>
  new XmlReplacing(text, isKey, replace).run()

class XmlReplacing {
  readonly #text: string
  readonly #isKey: Names
  readonly #replace: (secret: string) => string
  /** Of the open elements, and how often each of them is open. */
  readonly #names: string[] = []
  readonly #open = new Map<string, number>()
  #openSecrets = 0

  constructor(text: string, isKey: Names, replace: (secret: string) => string) {
    this.#text = text
    this.#isKey = isKey
    this.#replace = replace
  }

  run(): string {
    let replaced = ''
    for (let at = 0; at < this.#text.length; ) {
      const end = this.#pieceEnd(at)
      replaced += this.#piece(at, end)
      at = end
    }
    return replaced
  }

  /** Of the text, the tag or whatever begins here. */
  #pieceEnd(at: number): number {
    const text = this.#text
    if (text[at] !== '<') return this.#nextOf('<', at)
    if (text.startsWith(cdataStart, at)) return this.#endOf(cdataEnd, at + cdataStart.length)
    for (const [start, end] of asides) if (text.startsWith(start, at)) return this.#endOf(end, at + start.length)
    return this.#tagEnd(at)
  }

  #nextOf(text: string, at: number): number {
    const found = this.#text.indexOf(text, at)
    return found < 0 ? this.#text.length : found
  }

  #endOf(text: string, at: number): number {
    const found = this.#text.indexOf(text, at)
    return found < 0 ? this.#text.length : found + text.length
  }

  /** A `<` within it says that it is none. */
  #tagEnd(start: number): number {
    const text = this.#text
    let inside = ''
    for (let at = start + 1; at < text.length; at++) {
      const character = text[at] as string
      if (character === '<') return at
      if (inside === '' && character === '>') return at + 1
      if (inside === '' && (character === '"' || character === "'")) inside = character
      else if (character === inside) inside = ''
    }
    return text.length
  }

  #piece(at: number, end: number): string {
    const piece = this.#text.slice(at, end)
    if (piece.startsWith(cdataStart)) return this.#cdata(piece)
    if (!piece.startsWith('<')) return this.#hidden(piece, unescaped)
    if (asides.some(([start]) => piece.startsWith(start))) return piece
    tagName.lastIndex = at
    const name = piece.endsWith('>') ? tagName.exec(this.#text)?.[1] : undefined
    if (name === undefined) return this.#hidden(piece, unescaped)
    if (piece[1] === '/') this.#close(name)
    else if (!piece.endsWith('/>')) this.#begin(name)
    return piece.replace(attribute, (whole: string, start: string, key: string, value: string) =>
      this.#isKey(key) && value.length > 2 ? `${start}${value[0]}${this.#replace(unescaped(value.slice(1, -1)))}${value[0]}` : whole,
    )
  }

  #cdata(piece: string): string {
    const isWhole = piece.endsWith(cdataEnd)
    const inside = piece.slice(cdataStart.length, isWhole ? -cdataEnd.length : undefined)
    return cdataStart + this.#hidden(inside, (text) => text) + (isWhole ? cdataEnd : '')
  }

  #hidden(text: string, read: (text: string) => string): string {
    const secret = text.trim()
    if (this.#openSecrets === 0 || secret === '') return text
    const at = text.length - text.trimStart().length
    return text.slice(0, at) + this.#replace(read(secret)) + text.slice(at + secret.length)
  }

  #begin(name: string): void {
    this.#names.push(name)
    this.#open.set(name, (this.#open.get(name) ?? 0) + 1)
    if (this.#isKey(name)) this.#openSecrets++
  }

  /** With those in it that nobody closes. */
  #close(name: string): void {
    while ((this.#open.get(name) ?? 0) > 0) {
      const last = this.#names.pop() as string
      this.#open.set(last, (this.#open.get(last) as number) - 1)
      if (this.#isKey(last)) this.#openSecrets--
      if (last === name) return
    }
  }
}

/** XML 1.0 sections 4.1 and 4.6. */
const unescaped = (text: string): string =>
  text.replace(reference, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return named[name.toLowerCase()] ?? whole
    const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hex ?? '', 16)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
