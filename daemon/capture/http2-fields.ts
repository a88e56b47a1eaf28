/** Field lists of HTTP/2 as heads: pseudo-header fields apart (RFC 9113 section 8.3), the rest as sent, with what is malformed about them. */

import { messageTypeOf } from '../../sdk/message-type.ts'
import type { Anomaly } from '../../sdk/model.ts'
import type { FieldBlock } from '../store/records.ts'
import type { Field } from './decoders/hpack.ts'
import { TwoGenerations } from './two-generations.ts'

export type Http2Part = 'request' | 'response' | 'trailers'

/** What fields without pseudo-header fields say; the same object for the same fields. */
interface CheckedBlock extends FieldBlock {
  anomalies: readonly Anomaly[]
  /** null: none, or none that can be used. */
  contentLength: number | null
}

/** '' where a field is missing. */
export interface Http2Head {
  method: string
  scheme: string
  authority: string
  path: string
  status: string
  /** RFC 8441. */
  protocol: string
  /** Without the pseudo-header fields. */
  block: CheckedBlock
  anomalies: Anomaly[]
}

type PseudoField = Exclude<keyof Http2Head, 'block' | 'anomalies'>

const pseudoFields: Record<string, PseudoField> = {
  ':method': 'method',
  ':scheme': 'scheme',
  ':authority': 'authority',
  ':path': 'path',
  ':status': 'status',
  ':protocol': 'protocol',
}

export class Http2Heads {
  /** The store interns by identity. */
  readonly #blocks = new TwoGenerations<CheckedBlock>(4_096, 4 * 1024 * 1024)
  readonly #last: Record<Http2Part, CheckedBlock> = { request: noFields, response: noFields, trailers: noFields }

  read(fields: readonly Field[], part: Http2Part): Http2Head {
    const anomalies: Anomaly[] = []
    const head: Http2Head = { method: '', scheme: '', authority: '', path: '', status: '', protocol: '', block: noFields, anomalies }
    const seen: PseudoField[] = []
    const rest: Field[] = []
    for (const field of fields) {
      const [name, value] = field
      if (name.charCodeAt(0) !== 58) {
        rest.push(field)
        continue
      }
      const pseudo = pseudoFields[name]
      if (pseudo === undefined) {
        anomalies.push('unexpectedPseudoField')
        rest.push(field)
        continue
      }
      if (seen.includes(pseudo)) anomalies.push('duplicatePseudoField')
      if (rest.length > 0) anomalies.push('misplacedPseudoField')
      seen.push(pseudo)
      head[pseudo] = value
    }
    if (rest.length > 0) head.block = this.#blockOf(rest, part)
    anomalies.push(...head.block.anomalies, ...pseudoAnomalies(head, seen, part))
    return head
  }

  /** Most often it is the block of the last list of its kind: comparing costs less than a key. */
  #blockOf(fields: Field[], part: Http2Part): CheckedBlock {
    const last = this.#last[part]
    if (isSame(fields, last.fields)) return last
    const key = fields.map(([name, value]) => `${name}\0${value}\0`).join('')
    const block = this.#blocks.get(key, () => check(fields))
    this.#last[part] = block
    return block
  }
}

const isSame = (some: readonly Field[], others: FieldBlock['fields']): boolean =>
  some.length === others.length && some.every(([name, value], at) => name === others[at]?.[0] && value === others[at]?.[1])

function pseudoAnomalies(head: Http2Head, seen: readonly PseudoField[], part: Http2Part): Anomaly[] {
  const belongs = part === 'trailers' ? none : part === 'response' ? ofResponse : ofRequest
  const anomalies: Anomaly[] = seen.some((field) => !belongs.includes(field)) ? ['unexpectedPseudoField'] : []
  const needed = part === 'trailers' ? none : part === 'response' ? ofResponse : neededBy(head)
  if (needed.some((field) => head[field] === '')) anomalies.push('missingPseudoField')
  if (part === 'request') {
    if (head.method === 'CONNECT' && head.protocol === '' && (head.scheme !== '' || head.path !== ''))
      anomalies.push('unexpectedPseudoField')
    const host = hostOf(head.block)
    if (host !== '' && head.authority !== '' && host.toLowerCase() !== head.authority.toLowerCase()) anomalies.push('hostMismatch')
  }
  return anomalies
}

const none: readonly PseudoField[] = []
const ofResponse: readonly PseudoField[] = ['status']
const ofRequest: readonly PseudoField[] = ['method', 'scheme', 'authority', 'path', 'protocol']
/** RFC 9113 sections 8.3.1 and 8.5, RFC 8441 section 4. */
const neededBy = ({ method, protocol }: Http2Head): readonly PseudoField[] =>
  method !== 'CONNECT' ? ['method', 'scheme', 'path'] : protocol === '' ? ['authority'] : ['scheme', 'path', 'authority']

/** RFC 9113 section 8.2.1. */
const fieldName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
const upperCase = /[A-Z]/
const oddValue = /[\0\r\n]|^[ \t]|[ \t]$/
/** RFC 9113 section 8.2.2. */
const connectionSpecific = new Set(['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade'])

function check(fields: Field[]): CheckedBlock {
  const anomalies = new Set<Anomaly>()
  const lengths = new Set<string>()
  let hosts = 0
  for (const [name, value] of fields) {
    const lower = name.toLowerCase()
    if (upperCase.test(name)) anomalies.add('uppercaseFieldName')
    if (!fieldName.test(lower) && name.charCodeAt(0) !== 58) anomalies.add('invalidFieldName')
    if (oddValue.test(value)) anomalies.add('invalidFieldValue')
    if (connectionSpecific.has(lower) || (lower === 'te' && value !== 'trailers')) anomalies.add('connectionSpecificField')
    if (lower === 'content-length') lengths.add(value)
    if (lower === 'host' && ++hosts > 1) anomalies.add('duplicateHost')
  }
  const [length] = lengths
  const usable = length !== undefined && /^\d+$/.test(length) && Number.isSafeInteger(Number(length))
  if (lengths.size > 1) anomalies.add('conflictingContentLength')
  else if (length !== undefined && !usable) anomalies.add('invalidContentLength')
  return {
    fields,
    anomalies: [...anomalies],
    contentLength: usable && lengths.size === 1 ? Number(length) : null,
    messages: messageTypeOf(fields),
  }
}

export function hostOf({ fields }: FieldBlock): string {
  return fields.find(([name]) => name === 'host')?.[1] ?? ''
}

const noFields: CheckedBlock = Object.freeze({ fields: [], anomalies: [], contentLength: null })
