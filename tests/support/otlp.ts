/** Reads OTLP/JSON as a collector does, and refuses what its protobuf has no place for (opentelemetry-proto 1.x, trace.proto and common.proto; JSON mapping by the OTLP specification). */

export interface ReadSpan {
  traceId: string
  spanId: string
  parentSpanId: string
  traceState: string
  name: string
  kind: number
  start: bigint
  end: bigint
  attributes: Map<string, unknown>
  events: { name: string; at: bigint; attributes: Map<string, unknown> }[]
  status: { code: number; message: string }
  resource: Map<string, unknown>
}

type Fields = { [key: string]: unknown }

/** @param text one ExportTraceServiceRequest */
export function readTraces(text: string): ReadSpan[] {
  const request = message(JSON.parse(text), ['resourceSpans'])
  return list(request.resourceSpans).flatMap((one) => {
    const { resource, scopeSpans } = message(one, ['resource', 'scopeSpans', 'schemaUrl'])
    const about = attributes(message(resource, ['attributes', 'droppedAttributesCount']).attributes)
    return list(scopeSpans).flatMap((scoped) => {
      const { scope, spans } = message(scoped, ['scope', 'spans', 'schemaUrl'])
      const { name, version } = message(scope, ['name', 'version', 'attributes', 'droppedAttributesCount'])
      textOf(name)
      textOf(version)
      return list(spans).map((span) => ({ ...readSpan(span), resource: about }))
    })
  })
}

function readSpan(value: unknown): Omit<ReadSpan, 'resource'> {
  const span = message(value, [
    'traceId',
    'spanId',
    'traceState',
    'parentSpanId',
    'flags',
    'name',
    'kind',
    'startTimeUnixNano',
    'endTimeUnixNano',
    'attributes',
    'droppedAttributesCount',
    'events',
    'droppedEventsCount',
    'links',
    'droppedLinksCount',
    'status',
  ])
  const { code = 0, message: words = '' } = message(span.status ?? {}, ['code', 'message'])
  const start = fixed64(span.startTimeUnixNano)
  const end = fixed64(span.endTimeUnixNano)
  if (end < start) throw new Error('a span ends before it starts')
  if (span.flags !== undefined) integer(span.flags, 0, 2 ** 32 - 1)
  return {
    traceId: id(span.traceId, 16),
    spanId: id(span.spanId, 8),
    parentSpanId: span.parentSpanId === undefined ? '' : id(span.parentSpanId, 8),
    traceState: span.traceState === undefined ? '' : textOf(span.traceState),
    name: textOf(span.name),
    kind: integer(span.kind, 0, 5),
    start,
    end,
    attributes: attributes(span.attributes),
    events: list(span.events ?? []).map((event) => {
      const read = message(event, ['timeUnixNano', 'name', 'attributes', 'droppedAttributesCount'])
      return { name: textOf(read.name), at: fixed64(read.timeUnixNano), attributes: attributes(read.attributes) }
    }),
    status: { code: integer(code, 0, 2), message: textOf(words) },
  }
}

function message(value: unknown, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`no message: ${JSON.stringify(value)}`)
  const unknown = Object.keys(value).filter((key) => !known.includes(key))
  if (unknown.length > 0) throw new Error(`unknown fields: ${unknown.join()}`)
  return value as Fields
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error(`no list: ${JSON.stringify(value)}`)
  return value
}

function textOf(value: unknown): string {
  if (typeof value !== 'string' || !value.isWellFormed()) throw new Error(`no text: ${JSON.stringify(value)}`)
  return value
}

/** Hex, in either case; all zeros is no id. */
function id(value: unknown, bytes: number): string {
  const hex = textOf(value)
  if (!new RegExp(`^[\\da-fA-F]{${bytes * 2}}$`).test(hex) || /^0+$/.test(hex)) throw new Error(`no id of ${bytes} bytes: ${hex}`)
  return hex
}

/** Enums are integers in OTLP/JSON, never names. */
function integer(value: unknown, least: number, most: number): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
    throw new Error(`no integer: ${JSON.stringify(value)}`)
  return value as number
}

/** A number or, beyond 2^53, its decimal digits. */
function fixed64(value: unknown): bigint {
  if (!/^\d{1,20}$/.test(String(value))) throw new Error(`no fixed64: ${JSON.stringify(value)}`)
  return BigInt(String(value))
}

/** Keys are unique. */
function attributes(value: unknown): Map<string, unknown> {
  const found = new Map<string, unknown>()
  for (const one of list(value)) {
    const { key, value: held } = message(one, ['key', 'value'])
    if (textOf(key) === '' || found.has(textOf(key))) throw new Error(`an attribute that is empty or there twice: ${key}`)
    found.set(textOf(key), anyValue(held))
  }
  return found
}

function anyValue(value: unknown): unknown {
  const fields = Object.entries(message(value, ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue']))
  const [kind, held] = fields[0] ?? []
  if (fields.length !== 1) throw new Error(`not one value: ${JSON.stringify(value)}`)
  if (kind === 'stringValue') return textOf(held)
  if (kind === 'intValue') {
    if (!/^-?\d{1,19}$/.test(String(held))) throw new Error(`no int64: ${JSON.stringify(held)}`)
    return Number(held)
  }
  if (kind === 'arrayValue') return list(message(held, ['values']).values).map(anyValue)
  if (typeof held !== (kind === 'boolValue' ? 'boolean' : 'number')) throw new Error(`no ${kind}: ${JSON.stringify(held)}`)
  return held
}
