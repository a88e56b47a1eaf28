/** The tokens that were paired: `tokens.json` in the home (0600). Of their secrets it has the SHA-256 alone. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { limitExceeded, notFound, unavailable } from '../../../sdk/errors.ts'
import { type Right, rightNames, Token } from '../../../sdk/rights.ts'
import { open, Type } from '../../../sdk/schema.ts'
import { Validator } from '../../../sdk/validation.ts'
import type { Grant } from '../rights.ts'

/** They are looked through at each connection. */
const mostTokens = 200

const KeptToken = open({ ...Token.properties, hash: Type.String({ pattern: '^[0-9a-f]{64}$' }) })
type KeptToken = Token & { hash: string }

const file = Type.Array(KeptToken)

export interface NewToken {
  name: string
  origin: string | null
  rights: readonly Right[]
}

export class Tokens {
  readonly #file: string
  #kept: KeptToken[] | null = null

  /** @param file absolute; it need not be there */
  constructor(file: string) {
    this.#file = file
  }

  list(): Token[] {
    return this.#tokens.map(({ hash: _, ...token }) => token)
  }

  /** The secret is told this once. Rejects with 1004 tooManyTokens. */
  add({ name, origin, rights }: NewToken): { token: Token; secret: string } {
    if (this.#tokens.length >= mostTokens)
      throw limitExceeded('tooManyTokens', `${mostTokens} tokens are there; delete some first: weir token revoke`)
    const secret = randomBytes(32).toString('base64url')
    const known = rightNames.filter((right) => rights.includes(right))
    const token = { id: randomBytes(6).toString('hex'), name, origin, rights: known, createdAt: Date.now() }
    this.#write([...this.#tokens, { ...token, hash: digest(secret).toString('hex') }])
    return { token, secret }
  }

  /** Throws 1001 tokenNotFound. */
  delete(id: string): void {
    const left = this.#tokens.filter((token) => token.id !== id)
    if (left.length === this.#tokens.length) throw notFound('tokenNotFound', 'there is no token of that id; token/list has them')
    this.#write(left)
  }

  /** What a secret allows; null: it is none. All are compared, each in the same time. */
  find(secret: string): Grant | null {
    const given = digest(secret)
    const found = this.#tokens.filter(({ hash }) => timingSafeEqual(Buffer.from(hash, 'hex'), given))[0]
    if (!found) return null
    return { tokenId: found.id, origin: found.origin, rights: new Set(found.rights) }
  }

  /** It has just connected, or its connection has ended. */
  used(id: string): void {
    const now = Date.now()
    const tokens = this.#tokens.map((token) => (token.id === id ? { ...token, lastUsedAt: now } : token))
    try {
      this.#write(tokens)
    } catch {
      // A full disk keeps nobody out: the next change of the file has it.
      this.#kept = tokens
    }
  }

  get #tokens(): readonly KeptToken[] {
    this.#kept ??= this.#read()
    return this.#kept
  }

  #read(): KeptToken[] {
    let found: unknown
    try {
      found = JSON.parse(readFileSync(this.#file, 'utf8'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw this.#unreadable(error instanceof Error ? error.message : String(error))
    }
    const [wrong] = new Validator().check(file, found)
    if (wrong) throw this.#unreadable(`${wrong.path} ${wrong.message}`)
    return found as KeptToken[]
  }

  /** By rename: it is whole at every moment. */
  #write(tokens: KeptToken[]): void {
    const unfinished = `${this.#file}.unfinished`
    writeFileSync(unfinished, `${JSON.stringify(tokens, null, 2)}\n`, { mode: 0o600 })
    renameSync(unfinished, this.#file)
    this.#kept = tokens
  }

  #unreadable(why: string) {
    return unavailable('tokensUnreadable', `${this.#file} cannot be read (${why}): delete it, and pair again`)
  }
}

const digest = (secret: string): Buffer => createHash('sha256').update(secret).digest()
