/** Finds many secrets in texts at once, in each of the ways they are commonly written, and replaces them. */
import { limitExceeded } from '../errors.ts'

/** Shorter ones are too likely to stand for something else. */
export const leastBytes = 8
/** Of all ways in which secrets are written, characters. */
const mostCharacters = 64 * 1024 * 1024
/** Characters that are compared before a text is looked up. */
const headLength = 8
const filterBits = 20

/** A word of letters alone may stand anywhere without being the secret. */
const isWord = (secret: string): boolean => secret.length < 16 && /^[a-z]+$/i.test(secret)

/**
 * Texts are searched as they are; bytes as Latin-1 strings of them. Memory: some 300 bytes a secret; 1004 tooManySecrets when all of them
 * together are too long to be kept.
 */
export class SecretFinder {
  /** First characters -> what begins with them, longest first. */
  readonly #byHead = new Map<string, [text: string, replacement: string][]>()
  /** Which hashes of four characters begin a secret. */
  readonly #filter = new Uint8Array(1 << (filterBits - 3))
  readonly #secrets = new Set<string>()
  #characters = 0

  /** How many different ones. */
  get size(): number {
    return this.#secrets.size
  }

  /** One that is too short, or a mere word, is not looked for. */
  add(secret: string, replacement: string): void {
    if (this.#secrets.has(secret) || Buffer.byteLength(secret) < leastBytes || isWord(secret)) return
    this.#secrets.add(secret)
    for (const written of writings(secret)) if (written.length >= headLength) this.#addText(written, replacement)
  }

  /** The same string when there is none in it. */
  replace(text: string): string {
    let from = 0
    let replaced = ''
    for (let found = this.#find(text, 0); found !== null; found = this.#find(text, from)) {
      const [at, secret, replacement] = found
      replaced += text.slice(from, at) + replacement
      from = at + secret.length
    }
    return from === 0 ? text : replaced + text.slice(from)
  }

  /** Where one begins; -1 when there is none. */
  indexIn(text: string): number {
    return this.#find(text, 0)?.[0] ?? -1
  }

  /** The longest text that is looked for, characters. */
  longest = 0

  #addText(text: string, replacement: string): void {
    const head = text.slice(0, headLength)
    const known = this.#byHead.get(head)
    if (known?.some(([other]) => other === text)) return
    this.#characters += text.length
    if (this.#characters > mostCharacters)
      throw limitExceeded(
        'tooManySecrets',
        'there are more secrets than can be looked for: export less at a time (where), or without redaction',
      )
    this.longest = Math.max(this.longest, text.length)
    if (known === undefined) this.#byHead.set(head, [[text, replacement]])
    else {
      known.push([text, replacement])
      known.sort(([a], [b]) => b.length - a.length)
    }
    let last4 = 0
    for (let at = 0; at < 4; at++) last4 = (last4 << 8) | (text.charCodeAt(at) & 0xff)
    const bit = hashOf(last4)
    this.#filter[bit >>> 3] = (this.#filter[bit >>> 3] as number) | (1 << (bit & 7))
  }

  #find(text: string, start: number): [at: number, text: string, replacement: string] | null {
    if (this.#secrets.size === 0) return null
    const filter = this.#filter
    let last4 = 0
    for (let end = start; end < text.length; end++) {
      last4 = (last4 << 8) | (text.charCodeAt(end) & 0xff)
      const bit = hashOf(last4)
      if (((filter[bit >>> 3] as number) & (1 << (bit & 7))) === 0 || end - start < 3) continue
      const at = end - 3
      for (const [secret, replacement] of this.#byHead.get(text.slice(at, at + headLength)) ?? [])
        if (text.startsWith(secret, at)) return [at, secret, replacement]
    }
    return null
  }
}

const hashOf = (last4: number): number => Math.imul(last4, 0x9e3779b1) >>> (32 - filterBits)

/** A secret as text, as the Latin-1 string of its bytes, percent-encoded, with JSON's escapes, and in base64 wherever it lies in it. */
function writings(secret: string): Set<string> {
  const bytes = Buffer.from(secret, 'utf8')
  const percent = wellFormed(secret)
  return new Set([
    secret,
    bytes.toString('latin1'),
    percent,
    percent.replaceAll('%20', '+'),
    percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    // RFC 3986 leaves these as they are, forms do not.
    percent.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(JSON.stringify(secret).slice(1, -1), 'utf8').toString('latin1'),
    ...inBase64(bytes),
    ...inBase64(bytes).map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ])
}

const wellFormed = (text: string): string => encodeURIComponent(text.toWellFormed())

/** The characters that the bytes alone decide, at each of the three places that they may have. */
function inBase64(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const first = Math.ceil((before * 8) / 6)
    const last = Math.floor(((before + bytes.length) * 8) / 6)
    return text.slice(first, last)
  })
}
