/** exchange/replay: a captured request again. */
import { conflict, type WeirError } from '../../../sdk/errors.ts'
import type { Exchange, Headers } from '../../../sdk/model.ts'
import type { Params } from '../../../sdk/protocol.ts'
import type { SentVersion } from '../../proxy/surface.ts'
import type { ExchangeReader } from '../exchange-reader.ts'
import type { SessionManager } from '../session-manager.ts'
import { refuseBoth } from './cookies.ts'
import { asciiUrl, type BodySource, type Draft, noBody, outgoing, pieceBytes, place, valuesOf, without } from './draft.ts'
import { givenBody } from './given-request.ts'
import type { RequestSender, SendCaller } from './request-sender.ts'
import type { SendPlaces } from './send-places.ts'

type ReplayParams = Params<'exchange/replay'>
type Override = NonNullable<ReplayParams['override']>

/** What was meant for the proxy. */
const forProxy = new Set(['proxy-connection', 'proxy-authorization'])
const framing = new Set(['content-length', 'transfer-encoding', 'trailer', 'content-encoding', 'expect'])

export class ExchangeReplayer {
  readonly #sessions: SessionManager
  readonly #exchanges: ExchangeReader

  readonly #sender: RequestSender
  readonly #places: SendPlaces

  constructor(sessions: SessionManager, exchanges: ExchangeReader, sender: RequestSender, places: SendPlaces) {
    this.#sessions = sessions
    this.#exchanges = exchanges
    this.#sender = sender
    this.#places = places
  }

  /** As request/send, and 1001 exchangeNotFound; 1002 notReplayable, requestIncomplete, bodyTruncated. */
  async replay({ sessionId, seq, override = {}, ...how }: ReplayParams, caller: SendCaller): Promise<Exchange> {
    refuseBoth(how.jar, override.headers ?? [])
    const draft = await this.#draft(sessionId, seq, override, caller.signal)
    outgoing(draft)
    return this.#sender.run(draft, await this.#places.again(sessionId), how, caller)
  }

  async #draft(sessionId: string, seq: number, override: Override, signal: AbortSignal): Promise<Draft> {
    await this.#sessions.settled(sessionId)
    const exchange = await this.#exchanges.get({ sessionId, seq }, signal)
    if (exchange.kind !== 'http') throw notReplayable(exchange)
    const { request } = exchange
    const body = override.body === undefined ? await this.#recorded(exchange, signal) : givenBody(override.body ?? undefined)
    const url = override.url === undefined ? request.url : asciiUrl(override.url)
    const notation: SentVersion =
      request.httpVersion === '2' || request.httpVersion === '3' ? '2' : request.httpVersion === '1.0' ? '1.0' : '1.1'
    const keepsBody = override.body === undefined
    const kept = keepsBody ? request.headers : without(request.headers, framing)
    const headers = changed(moved(without(kept, forProxy), request.url, url), override.headers ?? [])
    return {
      method: override.method ?? request.method,
      url,
      headers,
      trailers: keepsBody ? request.trailers : [],
      body,
      versions: versionsOf(override.httpVersion, notation),
      notation,
    }
  }

  async #recorded({ sessionId, seq, request }: Exchange, signal: AbortSignal): Promise<BodySource> {
    const read = (offset: number, length: number) => this.#exchanges.readBody({ sessionId, seq, part: 'request', offset, length }, signal)
    const [length] = valuesOf(request.headers, 'content-length')
    if (request.bodySize === 0 && (length === undefined || length === '0')) return noBody
    const { size, eof, truncated } = await read(0, 0).then(async (facts) => (facts.size === 0 ? facts : read(facts.size - 1, 1)))
    if (truncated || request.truncated) throw bodyTruncated(sessionId, seq)
    if (!eof || (length !== undefined && length !== String(size))) throw requestIncomplete(sessionId, seq)
    return { size, read: async (offset) => Buffer.from((await read(offset, pieceBytes)).data, 'base64') }
  }
}

const versionsOf = (wanted: Override['httpVersion'], notation: SentVersion): readonly SentVersion[] =>
  wanted !== undefined ? [wanted] : notation === '2' ? ['2', '1.1'] : [notation]

/** Host goes with the URL, unless it said something else all along. */
function moved(headers: Headers, from: string, to: string): Headers {
  if (from === to) return headers
  const before = place(from)
  const after = place(to)
  if (before.authority === after.authority) return headers
  return headers.map(([name, value]) => (name.toLowerCase() === 'host' ? [name, after.authority] : [name, value]))
}

/** Each name that is given has the values given, in the place of its first, or none; new ones come last. */
function changed(headers: Headers, changes: readonly (readonly [string, string | null])[]): Headers {
  const given = new Map<string, [string, string][]>()
  for (const [name, value] of changes) {
    const fields = given.get(name.toLowerCase()) ?? []
    given.set(name.toLowerCase(), value === null ? fields : [...fields, [name, value]])
  }
  const result: Headers = []
  for (const field of headers) {
    const key = field[0].toLowerCase()
    const fields = given.get(key)
    if (fields === undefined) result.push(field)
    else {
      result.push(...fields)
      given.set(key, [])
    }
  }
  for (const fields of given.values()) result.push(...fields)
  return result
}

const named = (sessionId: string, seq: number) => `exchange ${seq} of session ${sessionId}`

function notReplayable({ sessionId, seq, kind }: Exchange): WeirError {
  return conflict('notReplayable', `${named(sessionId, seq)} is a ${kind}: only the requests of kind http can be sent again`)
}

function bodyTruncated(sessionId: string, seq: number): WeirError {
  return conflict('bodyTruncated', `not all of the request body of ${named(sessionId, seq)} was recorded: give another as override.body`)
}

function requestIncomplete(sessionId: string, seq: number): WeirError {
  return conflict('requestIncomplete', `the request of ${named(sessionId, seq)} has not come to its end: give a body as override.body`)
}
