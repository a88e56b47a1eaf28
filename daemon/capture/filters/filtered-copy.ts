/** An exchange that has ended as filters see it, and the way back: what they made of it becomes its row. */
import type { Headers } from '../../../sdk/model.ts'
import type { FilteredExchange } from '../../../sdk/plugin.ts'
import { contentCodings } from '../../store/content-decoding.ts'
import { messageOf } from '../../store/message-shape.ts'
import { type BodyRecord, type FieldBlock, type MessageRecord, newBody } from '../../store/records.ts'
import { LiveExchange } from '../live-exchange.ts'

/** null: a body that it does not decode is not given to filters, and so not recorded. */
export type DecodeBody = (bytes: Uint8Array, codings: readonly string[]) => Uint8Array | null

/** The row until then: that there is an exchange, when it began and from where; nothing that was said. */
export function placeholderOf({ kind, source, connection, startedAt, scheme, requestVersion }: LiveExchange): LiveExchange {
  const row = new LiveExchange(kind, connection, null, startedAt, '-', scheme, 'filtered.invalid', '/', requestVersion, { fields: [] })
  row.source = source
  row.addAnomaly('awaitingFilters')
  return row
}

/** @param messages null: they were too many */
export function filteredCopy(
  exchange: LiveExchange,
  sessionId: string,
  messages: readonly MessageRecord[] | null,
  decode: DecodeBody,
): FilteredExchange {
  const { origin, requestBody, responseBody, error, anomalies } = exchange
  const copy: FilteredExchange = {
    seq: exchange.seq,
    sessionId,
    connectionId: String(exchange.connection.id),
    source: exchange.source,
    state: exchange.state,
    kind: exchange.kind,
    startedAt: exchange.startedAt,
    durationMs: exchange.endedAt === 0 ? null : Math.max(0, exchange.endedAt - exchange.startedAt),
    timings: timingsOf(exchange),
    client: exchange.connection.client,
    server: origin === null ? null : origin.server,
    request: {
      method: exchange.method,
      url: `${exchange.scheme}://${exchange.authority}${exchange.path === '*' ? '' : exchange.path}`,
      httpVersion: exchange.requestVersion,
      headers: exchange.requestFields.fields as Headers,
      trailers: fieldsOf(exchange.requestTrailers),
      bodySize: (requestBody?.size ?? 0) + exchange.sentUnkept,
      truncated: requestBody?.truncated ?? false,
    },
    response:
      exchange.status === 0
        ? null
        : {
            status: exchange.status,
            reason: exchange.reason,
            httpVersion: exchange.responseVersion,
            headers: fieldsOf(exchange.responseFields),
            trailers: fieldsOf(exchange.responseTrailers),
            informational: exchange.informational ?? [],
            bodySize: (responseBody?.size ?? 0) + exchange.receivedUnkept,
            truncated: responseBody?.truncated ?? false,
          },
    tls: origin === null ? null : origin.tls,
    tags: [],
    note: null,
    bodies: {
      request: plainBody(requestBody, exchange.requestFields, decode),
      response: plainBody(responseBody, exchange.responseFields, decode),
    },
    messages: messages === null ? null : messages.map((message, index) => messageOf(index, message)),
  }
  if (exchange.stream !== 0) copy.streamId = exchange.stream
  if (error !== null) copy.error = error
  if (anomalies !== null) copy.anomalies = anomalies
  if (exchange.browser !== null) copy.browser = exchange.browser
  return copy
}

const fieldsOf = (block: FieldBlock | null): Headers => (block === null ? [] : (block.fields as Headers))

function timingsOf({ dnsMs, connectMs, tlsMs, startedAt, requestEndedAt, responseStartedAt, endedAt }: LiveExchange) {
  return {
    ...(dnsMs >= 0 && { dns: dnsMs }),
    ...(connectMs >= 0 && { connect: connectMs }),
    ...(tlsMs >= 0 && { tls: tlsMs }),
    ...(requestEndedAt > 0 && { send: requestEndedAt - startedAt }),
    ...(requestEndedAt > 0 && responseStartedAt > 0 && { wait: Math.max(0, responseStartedAt - requestEndedAt) }),
    ...(responseStartedAt > 0 && endedAt > 0 && { receive: endedAt - responseStartedAt }),
  }
}

/** null: none, or not to be had whole. */
function plainBody(body: BodyRecord | null, block: FieldBlock | null, decode: DecodeBody): Uint8Array | null {
  if (body === null || body.truncated || body.pendingBytes === 0) return null
  const [only] = body.pending
  const bytes = body.pending.length === 1 && only !== undefined ? only : Buffer.concat(body.pending)
  const codings = block === null ? [] : contentCodings(block.fields)
  return codings.length === 0 ? bytes : decode(bytes, codings)
}

/**
 * Puts what filters left of an exchange into its row. A body that they were not given is left out, and one that they changed is stored as
 * they left it, so without Content-Encoding.
 * @param given what `filteredCopy` made @param kept what came of it
 */
export function fillRow(row: LiveExchange, exchange: LiveExchange, given: FilteredExchange, kept: FilteredExchange): void {
  Object.assign(row, passedOn(exchange))
  row.anomalies = exchange.anomalies === null ? null : [...exchange.anomalies]
  row.browser = kept.browser ?? null
  const { method, url } = kept.request
  if (method !== given.request.method) row.method = method
  if (url !== given.request.url) Object.assign(row, splitUrl(url))
  const sent = bodyOf(exchange.requestBody, given.bodies.request, kept.bodies.request)
  const received = bodyOf(exchange.responseBody, given.bodies.response, kept.bodies.response)
  row.requestBody = cut(sent, row.keptBodyBytes)
  row.responseBody = cut(received, row.keptBodyBytes)
  row.requestFields = blockOf(exchange.requestFields, given.request.headers, kept.request.headers)
  row.requestTrailers = trailersOf(exchange.requestTrailers, given.request.trailers, kept.request.trailers)
  if (given.response !== null && kept.response !== null) {
    row.reason = kept.response.reason
    row.informational = kept.response.informational.length === 0 ? null : kept.response.informational
    row.responseFields = blockOf(exchange.responseFields ?? { fields: [] }, given.response.headers, kept.response.headers)
    row.responseTrailers = trailersOf(exchange.responseTrailers, given.response.trailers, kept.response.trailers)
  }
  if (isOther(exchange.requestBody, sent)) row.requestFields = withoutCoding(row.requestFields)
  if (isOther(exchange.responseBody, received)) row.responseFields = row.responseFields && withoutCoding(row.responseFields)
  if (isLeftOut(exchange.requestBody, sent) || isLeftOut(exchange.responseBody, received)) row.addAnomaly('leftOutByFilter')
}

/** What no filter changes. */
const passedOn = (exchange: LiveExchange) => ({
  stream: exchange.stream,
  kind: exchange.kind,
  source: exchange.source,
  origin: exchange.origin,
  requestEndedAt: exchange.requestEndedAt,
  responseStartedAt: exchange.responseStartedAt,
  dnsMs: exchange.dnsMs,
  connectMs: exchange.connectMs,
  tlsMs: exchange.tlsMs,
  method: exchange.method,
  scheme: exchange.scheme,
  authority: exchange.authority,
  path: exchange.path,
  requestVersion: exchange.requestVersion,
  status: exchange.status,
  responseVersion: exchange.responseVersion,
  sentUnkept: exchange.sentUnkept,
  receivedUnkept: exchange.receivedUnkept,
})

const absoluteUrl = /^(https?):\/\/([^/?#]*)([\s\S]*)$/

function splitUrl(url: string) {
  const [, scheme = 'https', authority = '', path = ''] = absoluteUrl.exec(url) ?? []
  return { scheme, authority, path }
}

function bodyOf(wire: BodyRecord | null, given: Uint8Array | null, kept: Uint8Array | null): BodyRecord | null {
  if (kept !== null && (given === null || !Buffer.from(given.buffer, given.byteOffset, given.length).equals(kept))) {
    const bytes = Buffer.from(kept.buffer, kept.byteOffset, kept.length)
    return { ...newBody(), pending: [bytes], pendingBytes: bytes.length, size: bytes.length, ended: true }
  }
  if (wire === null) return null
  const body: BodyRecord = { ...newBody(), size: wire.size, ended: true, truncated: wire.truncated }
  if (wire.pendingBytes === 0) return body
  if (kept === null) return { ...body, truncated: true }
  return { ...body, pending: wire.pending, pendingBytes: wire.pendingBytes }
}

/** `limits.bodyBytes` counts for what is recorded. */
function cut(body: BodyRecord | null, most: number): BodyRecord | null {
  if (body === null || body.pendingBytes <= most) return body
  const bytes = Buffer.concat(body.pending).subarray(0, most)
  return { ...body, pending: most === 0 ? [] : [bytes], pendingBytes: most, truncated: true }
}

const isOther = (wire: BodyRecord | null, row: BodyRecord | null): boolean =>
  row !== null && row.pendingBytes > 0 && row.pending !== wire?.pending
const isLeftOut = (wire: BodyRecord | null, row: BodyRecord | null): boolean =>
  wire !== null && wire.size > 0 && row !== null && row.pendingBytes === 0

/** The same block for the same fields: the store keeps it once. */
function blockOf(block: FieldBlock, given: Headers, kept: Headers): FieldBlock {
  return isSame(given, kept) ? block : { fields: kept }
}

function trailersOf(block: FieldBlock | null, given: Headers, kept: Headers): FieldBlock | null {
  if (isSame(given, kept)) return block
  return kept.length === 0 ? null : { fields: kept }
}

const isSame = (a: Headers, b: Headers): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)

/** Its content is not encoded any more. */
export function withoutCoding(block: FieldBlock): FieldBlock {
  const fields = block.fields.filter(([name]) => name.toLowerCase() !== 'content-encoding')
  return fields.length === block.fields.length ? block : { fields }
}
