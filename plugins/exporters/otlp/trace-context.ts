/** Where a span belongs: the trace that its request carries (https://www.w3.org/TR/trace-context/), else one of its own. */
import { createHash } from 'node:crypto'
import { fieldValue } from '../../../sdk/field-value.ts'
import type { Exchange, Headers } from '../../../sdk/model.ts'

/** Ids are hex, as OTLP/JSON has them. */
export interface SpanContext {
  traceId: string
  spanId: string
  parentSpanId?: string
  traceState?: string
  flags?: number
}

interface Parent {
  traceId: string
  spanId: string
  flags: number
}

/** Section 3.2: what a version after 00 has behind the flags is passed over; version ff is invalid. */
const traceparent = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/
/** Section 3.3.1.5: a tracestate that is longer need not be passed on, characters. */
const longestState = 512
/** SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE and SPAN_FLAGS_CONTEXT_IS_REMOTE: the parent is known to be of another process. */
const remoteParent = 0x300

/** Stable: the same exchange has the same ids in each export, so that what comes twice is one span. */
export function spanContext({ sessionId, seq, request }: Pick<Exchange, 'sessionId' | 'seq' | 'request'>): SpanContext {
  const own = createHash('sha256').update(`weir ${sessionId} ${seq}`).digest('hex')
  const spanId = nonZero(own.slice(32, 48))
  const parent = readParent(request.headers)
  if (parent === null) return { traceId: nonZero(own.slice(0, 32)), spanId }
  const traceState = readState(request.headers)
  return {
    traceId: parent.traceId,
    spanId,
    parentSpanId: parent.spanId,
    ...(traceState !== '' && { traceState }),
    flags: parent.flags | remoteParent,
  }
}

/** null: there is none, more than one (section 3.2.1), or one that is invalid. */
function readParent(headers: Headers): Parent | null {
  if (headers.filter(([name]) => name.toLowerCase() === 'traceparent').length > 1) return null
  const match = traceparent.exec(fieldValue(headers, 'traceparent') ?? '')
  if (match === null) return null
  const [, version, traceId = '', spanId = '', flags = '', more] = match
  if (version === '00' && more !== undefined) return null
  return { traceId, spanId, flags: Number.parseInt(flags, 16) }
}

/** Section 3.3.1: several fields are one list. */
function readState(headers: Headers): string {
  const fields = headers.filter(([name]) => name.toLowerCase() === 'tracestate').map(([, value]) => value.trim())
  const state = fields.filter((field) => field !== '').join(',')
  return state.length > longestState ? '' : state
}

const nonZero = (hex: string): string => (/^0+$/.test(hex) ? hex.replace(/0$/, '1') : hex)
