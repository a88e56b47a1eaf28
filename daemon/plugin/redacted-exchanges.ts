/**
 * The exchanges of an export without their secrets. A first reading collects the secrets, a second one hands the exchanges out, so that one
 * that shows itself late is replaced where it occurred before, too.
 */

import { fieldValue } from '../../sdk/field-value.ts'
import { limits } from '../../sdk/limits.ts'
import type { Exchange, Headers, Message, Part } from '../../sdk/model.ts'
import type { ExportedExchange, FilteredExchange } from '../../sdk/plugin.ts'
import { mayHoldCompressed, replaceInCompressed } from '../../sdk/redaction/compressed.ts'
import type { Pseudonym } from '../../sdk/redaction/pseudonyms.ts'
import type { Redactor } from '../../sdk/redaction/redactor.ts'
import { redactorsFor } from '../../sdk/redaction/redactors.ts'
import { leastBytes, type SecretFinder } from '../../sdk/redaction/secret-finder.ts'
import type { ExportRedact, Redacted } from '../../sdk/redaction/settings.ts'
import { SharedResults } from '../../sdk/redaction/shared-results.ts'
import { SeqBits } from './seq-bits.ts'
import { UnpackBudget } from './unpack-budget.ts'

/** They tell of the body as it passed. */
const bodyFields = new Set(['content-encoding', 'content-length', 'content-md5', 'digest', 'content-digest', 'repr-digest'])

const noBytes = Buffer.alloc(0)
/** In the place of a body. */
const leftOut = Buffer.alloc(0)

type Bodies = FilteredExchange['bodies']
/** Whether it is looked into for secrets. */
export type Scope = (exchange: Exchange, bodyOf: (part: Part) => Uint8Array | null) => boolean
type Scan = () => AsyncIterable<ExportedExchange>

export class Redaction {
  readonly report: Redacted
  readonly #finder: SecretFinder
  readonly #budget: UnpackBudget
  readonly #inScope: Scope
  readonly #redactors: readonly [Redactor, ...Redactor[]]
  /**
   * Exchanges whose bodies and messages hold no secret of their own. Only those that have ended: what is open may still get one between the
   * readings.
   */
  readonly #clean = new SeqBits()
  /** Those that have ended and are not looked into. */
  readonly #outside = new SeqBits()
  readonly #shared = new SharedResults<object>()

  /** @param budget that of the check of what is written */
  constructor(
    redact: Exclude<ExportRedact, 'off'>,
    pseudonym: Pseudonym,
    finder: SecretFinder,
    inScope: Scope = () => true,
    budget = new UnpackBudget(),
  ) {
    this.#budget = budget
    this.#inScope = inScope
    this.report = { level: typeof redact === 'string' ? redact : 'own', secrets: 0, short: 0, bodiesLeftOut: 0 }
    this.#finder = finder
    const short = new Set<string>()
    const collect: Pseudonym = (secret) => {
      const replacement = pseudonym(secret)
      if (replacement === secret) return secret
      finder.add(secret, replacement)
      if (Buffer.byteLength(secret) < leastBytes && short.size < 100_000) this.report.short = short.add(secret).size
      this.report.secrets = finder.size
      return replacement
    }
    // What strict hides besides is hidden where it stands: any text may be among it.
    this.#redactors = redactorsFor(redact, collect, pseudonym)
  }

  /** Their secrets are known from now on. Resolves to the seq of the last one. */
  async learn(exchanges: AsyncIterable<ExportedExchange>): Promise<number> {
    let last = 0
    for await (const exchange of exchanges) {
      await this.#collect(exchange)
      last = exchange.seq
    }
    return last
  }

  async *exchanges(scan: Scan): AsyncGenerator<ExportedExchange> {
    const last = await this.learn(scan())
    for await (const exchange of scan()) {
      // Of what came meanwhile nobody knows the secrets, which may have gone out already.
      if (exchange.seq > last) return
      yield await this.#redacted(exchange)
    }
  }

  async #collect(exchange: ExportedExchange): Promise<void> {
    const [first] = this.#redactors
    const bodies = await lookInto(exchange)
    const isInScope = this.#inScope(exchange, (part) => bodies[part])
    if (isInScope) first.heads(exchange)
    const isDone = !isInScope || (await this.#collectInside({ ...exchange, bodies }))
    if (isDone && exchange.state !== 'open') (isInScope ? this.#clean : this.#outside).add(exchange.seq)
  }

  /** Whether its bodies and messages hold no secret. */
  async #collectInside(exchange: ExportedExchange & { bodies: Bodies }): Promise<boolean> {
    const [first, ...others] = this.#redactors
    const { request, response } = exchange.bodies
    let isClean = first.bodies(exchange) === exchange && request !== null && response !== null && others.length === 0
    for await (const message of exchange.messages()) if (first.message(message) !== message) isClean = false
    return isClean
  }

  async #redacted(exchange: ExportedExchange): Promise<ExportedExchange> {
    const isOutside = this.#outside.has(exchange.seq)
    const isKnown = isOutside || this.#clean.has(exchange.seq)
    if (isKnown && this.#finder.size === 0) return isOutside ? exchange : this.#heads(exchange)
    const before = await lookInto(exchange)
    const isInScope = !isOutside && (isKnown || this.#inScope(exchange, (part) => before[part]))
    const isClean = isKnown || !isInScope
    let redacted = { ...exchange, bodies: before }
    if (isInScope) redacted = this.#heads(isClean ? redacted : this.#bodies(redacted))
    const { bodies, ...rest } = redacted
    const hidden = this.#inside(rest)
    const request = this.#body(exchange, 'request', before.request, bodies.request)
    const response = this.#body(exchange, 'response', before.response, bodies.response)
    return {
      ...hidden,
      request: withBody(hidden.request, request, exchange.state),
      response: hidden.response && withBody(hidden.response, response, exchange.state),
      // What was looked into is decoded already.
      readBody: async (part, options = {}) =>
        (part === 'request' ? request : response) ?? (options.decode ? before[part] : null) ?? exchange.readBody(part, options),
      streamBody: (part) => this.#stream(exchange, part, part === 'request' ? request : response),
      messages: () => this.#messages(exchange, isClean),
    }
  }

  #heads<Given extends Exchange>(exchange: Given): Given {
    return this.#redactors.reduce((sofar, redactor) => redactor.heads(sofar), exchange)
  }

  #bodies<Given extends Exchange & { bodies: Bodies }>(exchange: Given): Given {
    return this.#redactors.reduce((sofar, redactor) => redactor.bodies(sofar), exchange)
  }

  /** null: the body may go out as it is. */
  #body(exchange: ExportedExchange, part: Part, before: Uint8Array | null, after: Uint8Array | null): Uint8Array | null {
    const size = part === 'request' ? exchange.request.bodySize : (exchange.response?.bodySize ?? 0)
    if (size === 0) return null
    if (after === null) return this.#leaveOut()
    const replaced = this.#hiddenBytes(after)
    if (replaced === null) return this.#leaveOut()
    return replaced === before ? null : replaced
  }

  #leaveOut(): Uint8Array {
    this.report.bodiesLeftOut++
    return leftOut
  }

  /** Without the secrets that are known, also in what is compressed; so much of it as can be looked into. */
  #hidden(text: string): string {
    const replaced = this.#finder.replace(text)
    if (!mayHoldCompressed(replaced)) return replaced
    return replaceInCompressed(replaced, this.#inCompressed, UnpackBudget.ofText(replaced.length)).text
  }

  /** The same; null: not all of them can be looked into. */
  #hiddenBytes(bytes: Uint8Array): Uint8Array | null {
    const replaced = this.#finder.replaceIn(bytes)
    const before = Buffer.from(replaced.buffer, replaced.byteOffset, replaced.byteLength).toString('latin1')
    if (!mayHoldCompressed(before)) return replaced
    const { text, isWhole, unpacked } = replaceInCompressed(before, this.#inCompressed)
    if (!isWhole || !this.#budget.allows(before.length, unpacked)) return null
    return text === before ? replaced : Buffer.from(text, 'latin1')
  }

  #inCompressed = (bytes: Buffer): Uint8Array => this.#finder.replaceIn(bytes)

  async *#stream(exchange: ExportedExchange, part: Part, body: Uint8Array | null): AsyncGenerator<Uint8Array> {
    if (body === null) yield* exchange.streamBody(part)
    else if (body.length > 0) yield body
  }

  async *#messages(exchange: ExportedExchange, isClean: boolean): AsyncGenerator<Message> {
    for await (const message of exchange.messages()) {
      const shown = isClean ? message : this.#redactors.reduce((sofar, redactor) => redactor.message(sofar), message)
      const { text, data } = shown
      if (text !== undefined) yield withText(shown, this.#hidden(text))
      else if (data !== undefined) {
        const bytes = Buffer.from(data, 'base64')
        const replaced = this.#hiddenBytes(bytes)
        yield replaced === bytes ? shown : withData(shown, replaced)
      } else yield shown
    }
  }

  /** All texts of it. */
  #inside<Value>(value: Value): Value {
    if (typeof value === 'string') return this.#hidden(value) as Value
    if (typeof value !== 'object' || value === null) return value
    return this.#shared.of(value, (inner) => this.#insideOf(inner as Record<string, unknown>)) as Value
  }

  #insideOf(value: Record<string, unknown>): object {
    let copy: Record<string, unknown> | null = null
    for (const key of Object.keys(value)) {
      const after = this.#inside(value[key])
      if (after === value[key]) continue
      copy ??= Array.isArray(value) ? (value.slice() as object as Record<string, unknown>) : { ...value }
      copy[key] = after
    }
    return copy ?? value
  }
}

/** Without their coding; null: it is too large or cannot be decoded. */
async function lookInto(exchange: ExportedExchange): Promise<Bodies> {
  const [sent, received] = [exchange.request.bodySize, exchange.response?.bodySize ?? 0]
  return {
    request: sent === 0 ? noBytes : await decodedBody(exchange, 'request', sent),
    response: received === 0 ? noBytes : await decodedBody(exchange, 'response', received),
  }
}

async function decodedBody(exchange: ExportedExchange, part: Part, size: number): Promise<Uint8Array | null> {
  if (size > limits.redactedBodyBytes) return null
  try {
    // What nobody decodes nobody has looked into, either, and it goes out with the rest.
    const bytes = await exchange.readBody(part, { decode: 'whole' })
    return bytes.length > limits.redactedBodyBytes ? null : bytes
  } catch {
    return null
  }
}

const withText = (message: Message, text: string): Message =>
  text === message.text ? message : { ...message, text, size: Buffer.byteLength(text) }

/** @param data null: it is left out */
const withData = (message: Message, data: Uint8Array | null): Message =>
  data === null
    ? { ...message, data: '', size: 0, truncated: true }
    : { ...message, data: Buffer.from(data).toString('base64'), size: data.length }

function withBody<Side extends { truncated: boolean; headers: Headers; bodySize: number }>(
  side: Side,
  body: Uint8Array | null,
  state: ExportedExchange['state'],
): Side {
  if (body === null) return side
  const headers = side.headers.filter(([name]) => !bodyFields.has(name.toLowerCase()))
  const said = fieldValue(side.headers, 'content-length')
  // Of an exchange that was broken off, one that was another tells that the body was cut off.
  const tellsCut = said !== null && state !== 'complete' && said !== String(side.bodySize)
  const length = said === null || tellsCut ? said : String(body.length)
  return {
    ...side,
    truncated: side.truncated || body === leftOut,
    headers: length === null ? headers : [...headers, ['Content-Length', length]],
    bodySize: body.length,
  }
}
