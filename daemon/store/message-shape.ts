/** A message as the store keeps it, and as clients and plugins see it. */
import { isUtf8 } from 'node:buffer'
import type { Message } from '../../sdk/model.ts'
import type { MessageRecord } from './records.ts'

/** Below the protocol's pageBytes by what the envelope takes. */
export const messagePageBytes = (8 * 1024 - 64) * 1024

const longText = 1024 * 1024
export const jsonBytes = (value: object): number => Buffer.byteLength(JSON.stringify(value))

export function messageOf(index: number, { at, direction, type, text, data, size, event, id }: MessageRecord): Message {
  const message: Message = { index, at, direction, type, size }
  if (text !== null) {
    // Control characters take six bytes each in JSON: such a text travels as its bytes.
    if (text.length > longText && jsonBytes({ text }) > messagePageBytes) message.data = Buffer.from(text).toString('base64')
    else message.text = text
  } else message.data = data === null ? '' : data.toString('base64')
  if (size > (text === null ? (data?.length ?? 0) : Buffer.byteLength(text))) message.truncated = true
  if (event !== null) message.event = event
  if (id !== null) message.id = id
  if (type === 'close' && data !== null && data.length >= 2) {
    message.code = data.readUInt16BE(0)
    message.reason = data.toString('utf8', 2)
  }
  return message
}

/** The way back. `code` and `reason` follow from the data; of what is marked as cut the size is more than what is there. */
export function messageRecordOf({ at, direction, type, text, data, size, truncated, event, id }: Message): MessageRecord {
  const content = contentOf(type, text, data)
  const kept = content.data?.length ?? Buffer.byteLength(content.text ?? '')
  return { at, direction, type, ...content, size: truncated ? Math.max(size, kept + 1) : kept, event: event ?? null, id: id ?? null }
}

/** A text that was too long for JSON came as its bytes. */
function contentOf(type: Message['type'], text = '', data?: string): Pick<MessageRecord, 'text' | 'data'> {
  const bytes = data === undefined ? null : Buffer.from(data, 'base64')
  const isText = type === 'text' || type === 'event'
  if (bytes === null) return isText ? { text, data: null } : { text: null, data: Buffer.alloc(0) }
  return isText && isUtf8(bytes) ? { text: bytes.toString('utf8'), data: null } : { text: null, data: bytes }
}
