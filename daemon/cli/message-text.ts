/** A message inside of an exchange, on one line. */
import type { DecodedMessage, Message, ProtobufField } from '../../sdk/model.ts'
import type { Output } from './output.ts'
import { printable } from './printable.ts'
import { formatBytes, formatTime } from './quantity.ts'
import { readableText } from './readable-text.ts'

export function describeMessage(message: Message, out: Output): string {
  const { at, direction, type, event, id, truncated } = message
  const arrow = direction === 'sent' ? '>' : '<'
  const names = [event !== undefined && `event ${event}`, id !== undefined && `id ${id}`].filter(Boolean).join(', ')
  const parts = [
    out.style('dim', formatTime(at)),
    out.style(direction === 'sent' ? 'cyan' : 'green', `${arrow} ${type.padEnd(6)}`),
    names && out.style('dim', printable(`[${names}]`)),
    printable(content(message)),
    truncated ? out.style('yellow', '(not all of it was recorded)') : '',
  ]
  return parts.filter(Boolean).join(' ')
}

function content({ type, text, data, size, code, reason, decoded }: Message): string {
  if (type === 'close') return code === undefined ? '' : `${code} ${reason}`.trimEnd()
  if (text !== undefined) return text
  const inside = decoded && decodedText(decoded)
  if (inside) return inside
  const bytes = Buffer.from(data ?? '', 'base64')
  const readable = type === 'grpc' ? null : readableText(bytes, '')
  return readable ?? `(${formatBytes(size)} that are no text)`
}

/** The type's name and JSON, or numbered fields as protobuf's text format writes them; null where there are neither. */
function decodedText({ type, value, fields, problem }: DecodedMessage): string | null {
  if (value === undefined && fields === undefined) return null
  const parts = [
    type !== undefined && (problem === 'doesNotFit' ? `(no ${type})` : type),
    value !== undefined && JSON.stringify(value),
    fields !== undefined && fieldsText(fields),
  ]
  return parts.filter(Boolean).join(' ')
}

const fieldsText = (fields: readonly ProtobufField[]): string => `{${fields.map(fieldText).join(', ')}}`

function fieldText({ field, value, wireType }: ProtobufField): string {
  if (Array.isArray(value)) return `${field} ${fieldsText(value)}`
  if (typeof value === 'object') return `${field}: base64 ${value.base64}`
  return `${field}: ${wireType === 'bytes' ? JSON.stringify(value) : value}`
}
