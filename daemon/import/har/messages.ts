/** Messages of a WebSocket, as Chromium and Playwright write them and weir does: seconds, opcodes (RFC 6455 section 11.8). */
import type { Message } from '../../../sdk/model.ts'
import { type JsonObject, listOf, numberOf, objectOf, textOf } from '../json-values.ts'

const types: { readonly [opcode: number]: Message['type'] } = { 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' }

/** null: the entry is no WebSocket. */
export function harMessages(entry: JsonObject): Message[] | null {
  if (!Array.isArray(entry._webSocketMessages) && entry._resourceType !== 'websocket') return null
  const messages: Message[] = []
  for (const item of listOf(entry._webSocketMessages)) {
    const { type: way, time, opcode, data, _truncated, _size } = objectOf(item)
    const type = types[numberOf(opcode) ?? 1]
    // Chromium tells of errors in frames as of messages, with opcode -1.
    if (type === undefined) continue
    const content = textOf(data)
    const size = type === 'text' ? Buffer.byteLength(content) : Buffer.from(content, 'base64').length
    messages.push({
      index: messages.length,
      at: (numberOf(time) ?? 0) * 1000,
      direction: way === 'send' ? 'sent' : 'received',
      type,
      ...(type === 'text' ? { text: content } : { data: content }),
      size: numberOf(_size) ?? size,
      ...(_truncated === true && { truncated: true }),
    })
  }
  return messages
}
