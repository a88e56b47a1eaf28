/** Exchanges that come from elsewhere than the wire (a file that is imported, another session) as records of the store. */
import type { Endpoint, Exchange, Failure, Headers, Message, Source, Tls } from '../../sdk/model.ts'
import { messageRecordOf } from './message-shape.ts'
import { type BodyRecord, type ConnectionRecord, type ExchangeRecord, type FieldBlock, newBody, type OriginRecord } from './records.ts'

/** The one shape between what is read and the store. */
export interface WholeExchange {
  /** As it shall stand on record. `open`: its end is not there, and will not come. `seq`: what it was, where it had one. */
  exchange: Omit<Exchange, 'seq' | 'sessionId' | 'source'> & Partial<Pick<Exchange, 'seq'>>
  /** As received. null: there is none, or it is not there. What of `bodySize` is beyond a body that is whole was counted, not kept. */
  bodies: { request: Uint8Array | null; response: Uint8Array | null }
  messages: readonly Message[]
}

/** What the store cannot hold: a sentence about `it`. */
export class Unstorable extends Error {}

/** Shared values remembered; past it everything is forgotten and may be written again. */
const remembered = 16_384
const url = /^(https?):\/\/([^/?#]*)(.*)$/s
/** The store counts microseconds in 53 bits, ms. */
const latest = 9e12

/** What exchanges of one file share is one object for all of them, so that the store writes it once. */
export class ExchangeRecords {
  readonly #noEnd: Failure
  readonly #noResponse: Failure
  readonly #blocks = new Shared<FieldBlock>()
  readonly #connections = new Shared<ConnectionRecord>()
  readonly #origins = new Shared<OriginRecord>()

  /** @param from as it is called: `the file that was imported` */
  constructor(from: string) {
    this.#noEnd = { reason: 'notRecorded', message: `its end is not in ${from}` }
    this.#noResponse = { reason: 'notRecorded', message: `${from} has no response to it` }
  }

  /** Its seq is to be given by the session file. @throws Unstorable */
  record({ exchange, bodies, messages }: WholeExchange, source: Source): ExchangeRecord {
    const { request, response, timings, startedAt } = exchange
    const [, scheme, authority = '', path = ''] = url.exec(request.url) ?? []
    if (scheme === undefined) throw new Unstorable(`its URL ${JSON.stringify(request.url.slice(0, 200))} is no http or https URL`)
    checkNumbers(exchange, messages)
    const { requestEndedAt, responseStartedAt, endedAt } = moments(exchange)
    const requestBody = bodyRecord(bodies.request, request, exchange.kind)
    const responseBody = response === null ? null : bodyRecord(bodies.response, response, exchange.kind)
    return {
      seq: 0,
      stream: exchange.streamId ?? 0,
      stored: false,
      ...this.#endOf(exchange),
      kind: exchange.kind,
      source,
      connection: this.#connection(exchange),
      origin: exchange.server === null ? null : this.#origin(exchange.server, exchange.tls),
      startedAt,
      requestEndedAt,
      responseStartedAt,
      endedAt,
      dnsMs: timings.dns ?? -1,
      connectMs: timings.connect ?? -1,
      tlsMs: timings.tls ?? -1,
      method: request.method,
      scheme: scheme as 'http' | 'https',
      authority,
      path,
      requestVersion: request.httpVersion,
      requestFields: this.#block(request.headers),
      requestTrailers: request.trailers.length > 0 ? { fields: request.trailers } : null,
      requestBody,
      status: response?.status ?? 0,
      reason: response?.reason ?? '',
      responseVersion: response?.httpVersion ?? '',
      responseFields: response === null ? null : this.#block(response.headers),
      responseTrailers: response !== null && response.trailers.length > 0 ? { fields: response.trailers } : null,
      informational: response !== null && response.informational.length > 0 ? response.informational : null,
      responseBody,
      sentUnkept: Math.max(0, request.bodySize - (requestBody?.size ?? 0)),
      receivedUnkept: Math.max(0, (response?.bodySize ?? 0) - (responseBody?.size ?? 0)),
      anomalies: exchange.anomalies ?? null,
      browser: exchange.browser ?? null,
      messages: messages.length > 0 ? messages.map(messageRecordOf) : null,
      messageCount: messages.length,
      removed: null,
    }
  }

  #endOf({ state, error, response }: WholeExchange['exchange']): Pick<ExchangeRecord, 'state' | 'error'> {
    if (state !== 'open') return { state, error: error ?? null }
    return { state: 'aborted', error: response === null ? this.#noResponse : this.#noEnd }
  }

  #block(fields: Headers): FieldBlock {
    return this.#blocks.get(JSON.stringify(fields), () => ({ fields }))
  }

  /** Exchanges that name none have one each. */
  #connection({ connectionId, client }: WholeExchange['exchange']): ConnectionRecord {
    const make = () => ({ id: 0, client, named: false })
    return connectionId === '' ? make() : this.#connections.get(connectionId, make)
  }

  #origin(server: Endpoint, tls: Tls | null): OriginRecord {
    return this.#origins.get(JSON.stringify([server, tls]), () => ({ id: 0, server, tls }))
  }
}

class Shared<Value> {
  readonly #known = new Map<string, Value>()

  get(key: string, make: () => Value): Value {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    if (this.#known.size >= remembered) this.#known.clear()
    const value = make()
    this.#known.set(key, value)
    return value
  }
}

/** Integers of the protocol are such on record, too. */
function checkNumbers({ request, response, server, client, streamId }: WholeExchange['exchange'], messages: readonly Message[]): void {
  const whole = [request.bodySize, server?.port, client?.port, streamId, response?.bodySize, response?.status]
  whole.push(...(response?.informational ?? []).map(({ status }) => status), ...messages.map(({ size }) => size))
  if (!whole.every((number) => number === undefined || (Number.isSafeInteger(number) && number >= 0)))
    throw new Unstorable('one of its numbers is no size, port or status that can be')
  if (!messages.every(({ at }) => at >= 0 && at <= latest)) throw new Unstorable('the time of one of its messages is none that can be')
}

/** Unix ms; 0: not known. An exchange on record that has ended did so at some time. */
function moments({ startedAt, durationMs, timings }: WholeExchange['exchange']) {
  const requestEndedAt = timings.send === undefined ? 0 : startedAt + timings.send
  const ended = durationMs === null ? 0 : startedAt + durationMs
  const answered = requestEndedAt > 0 && timings.wait !== undefined ? requestEndedAt + timings.wait : 0
  const responseStartedAt = ended > 0 && timings.receive !== undefined ? ended - timings.receive : answered
  const endedAt = ended > 0 ? ended : Math.max(startedAt, requestEndedAt, responseStartedAt)
  for (const at of [startedAt, endedAt, requestEndedAt, responseStartedAt])
    if (!(at >= 0 && at <= latest)) throw new Unstorable('its times are none that can be')
  return { requestEndedAt, responseStartedAt, endedAt }
}

/** What of its size is neither here nor missing was counted only. */
function bodyRecord(bytes: Uint8Array | null, part: { bodySize: number; truncated: boolean }, kind: Exchange['kind']): BodyRecord | null {
  const kept = bytes?.length ?? 0
  const truncated = part.truncated || (bytes === null && kind === 'http' && part.bodySize > 0)
  if (kept === 0 && !truncated) return null
  const body = newBody()
  if (bytes !== null && kept > 0) body.pending.push(Buffer.from(bytes.buffer, bytes.byteOffset, kept))
  return { ...body, pendingBytes: kept, size: truncated ? Math.max(kept, part.bodySize) : kept, ended: true, truncated }
}
