/** What passes inside of an exchange that only the browser has seen: frames of a WebSocket, server-sent events. */

import type { Message } from '../../../sdk/model.ts'
import type { Protocol } from '../cdp/protocol.ts'

/** As of messages that a proxy sees. */
const mostBytes = 4 * 1024 * 1024

type Frame = Protocol.Network.WebSocketFrame
type Place = Pick<Message, 'index' | 'at'>

/** RFC 6455 section 5.2. */
const types: { readonly [opcode: number]: Message['type'] } = { 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' }

export function frameMessage({ opcode, payloadData }: Frame, direction: Message['direction'], place: Place): Message {
  const type = types[opcode] ?? 'binary'
  if (type === 'text') return { ...place, direction, type, ...textContent(payloadData) }
  const bytes = Buffer.from(payloadData, 'base64')
  const content = { ...place, direction, type, ...dataContent(bytes) }
  if (type !== 'close' || bytes.length < 2) return content
  // RFC 6455 section 5.5.1.
  const reason = bytes.toString('utf8', 2)
  return { ...content, code: bytes.readUInt16BE(0), ...(reason !== '' && { reason }) }
}

export function eventMessage({ data, eventName, eventId }: Protocol.Network.EventSourceMessageReceivedEvent, place: Place): Message {
  return {
    ...place,
    direction: 'received',
    type: 'event',
    ...textContent(data),
    // What a stream does not name is of this type (HTML, section 9.2).
    ...(eventName !== '' && eventName !== 'message' && { event: eventName }),
    ...(eventId !== '' && { id: eventId }),
  }
}

function textContent(text: string): Pick<Message, 'text' | 'size' | 'truncated'> {
  const size = Buffer.byteLength(text)
  if (size <= mostBytes) return { text, size }
  // Only whole characters are kept.
  const kept = new TextDecoder().decode(Buffer.from(text).subarray(0, mostBytes), { stream: true })
  return { text: kept, size, truncated: true }
}

function dataContent(bytes: Buffer): Pick<Message, 'data' | 'size' | 'truncated'> {
  const isCut = bytes.length > mostBytes
  return { data: bytes.subarray(0, mostBytes).toString('base64'), size: bytes.length, ...(isCut && { truncated: true }) }
}
