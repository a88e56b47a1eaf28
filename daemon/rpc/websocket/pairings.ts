/** Codes that somebody reads off one screen and types into another: each pairs once, within five minutes. */
import { createHash, randomInt, timingSafeEqual } from 'node:crypto'
import { limitExceeded, unavailable, WeirError } from '../../../sdk/errors.ts'
import type { Right, Token } from '../../../sdk/rights.ts'
import type { Tokens } from './tokens.ts'

const validMs = 5 * 60_000
/** Wrong codes within a minute, whoever tries; then none is taken for a minute. With eight digits three hundred tries an hour find nothing. */
const mostWrong = 5
const minuteMs = 60_000
/** At once. */
const mostPairings = 16

export interface PairingOptions {
  rights: readonly Right[]
  name?: string
  /** Only this page may use the code. */
  origin?: string
}

export interface Pairing extends PairingOptions {
  id: string
  code: string
  expiresAt: number
}

export interface Paired {
  token: Token
  secret: string
}

export class Pairings {
  readonly #tokens: Tokens
  readonly #ended: (id: string, token: Token | null) => void
  readonly #now: () => number
  readonly #waiting = new Map<string, { pairing: Pairing; timer: NodeJS.Timeout }>()
  /** When wrong codes came. */
  #wrong: number[] = []
  #refusedUntil = 0
  #ids = 0

  /** @param ended hears of each that led to a token, or expired (null) */
  constructor(tokens: Tokens, ended: (id: string, token: Token | null) => void, now: () => number = Date.now) {
    this.#tokens = tokens
    this.#ended = ended
    this.#now = now
  }

  /** Throws 1004 tooManyPairings. */
  start(options: PairingOptions): Pairing {
    if (this.#waiting.size >= mostPairings) throw limitExceeded('tooManyPairings', `${mostPairings} codes are waiting; use one, or wait`)
    const id = `p${++this.#ids}`
    const pairing = { ...options, id, code: newCode(), expiresAt: this.#now() + validMs }
    const timer = setTimeout(() => this.#end(id, null), validMs).unref()
    this.#waiting.set(id, { pairing, timer })
    return pairing
  }

  /** The origins that codes wait for by name. */
  get origins(): string[] {
    return [...this.#waiting.values()].flatMap(({ pairing }) => pairing.origin ?? [])
  }

  /**
   * A token for a code. Throws 1004 tooManyTries (data.retryAfterMs), and 1005 wrongCode, which does not say whether one waits.
   * @param origin of the page or extension that asks; null: no browser
   */
  redeem(code: string, name: string, origin: string | null): Paired {
    const now = this.#now()
    if (now < this.#refusedUntil) throw tooManyTries(this.#refusedUntil - now)
    const given = code.replace(/[\s-]/g, '')
    const [found] = [...this.#waiting.values()].filter(({ pairing }) => isSame(pairing.code, given) && pairing.expiresAt > now)
    if (!found || (found.pairing.origin !== undefined && found.pairing.origin !== origin)) throw this.#wrongCode(now)
    const { pairing } = found
    const paired = this.#tokens.add({ name: pairing.name ?? name, origin, rights: pairing.rights })
    this.#end(pairing.id, paired.token)
    return paired
  }

  /** None is valid any more. */
  clear(): void {
    for (const id of [...this.#waiting.keys()]) this.#end(id, null)
  }

  #end(id: string, token: Token | null): void {
    clearTimeout(this.#waiting.get(id)?.timer)
    this.#waiting.delete(id)
    this.#ended(id, token)
  }

  #wrongCode(now: number): WeirError {
    this.#wrong = [...this.#wrong.filter((at) => at > now - minuteMs), now]
    if (this.#wrong.length >= mostWrong) {
      this.#refusedUntil = now + minuteMs
      this.#wrong = []
    }
    return unavailable(
      'wrongCode',
      'no such code is waiting: it may be mistyped, used or older than 5 minutes; get another with: weir browser pair',
    )
  }
}

const newCode = (): string => String(randomInt(10 ** 8)).padStart(8, '0')

/** As they are shown: 1234-5678. */
export const spelled = (code: string): string => `${code.slice(0, 4)}-${code.slice(4)}`

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
const isSame = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other))

function tooManyTries(retryAfterMs: number): WeirError {
  const seconds = Math.ceil(retryAfterMs / 1000)
  const error = limitExceeded('tooManyTries', `too many wrong codes; try again in ${seconds} s`)
  return new WeirError(error.code, error.reason, error.message, { retryAfterMs })
}
