/**
 * What passes inside of an exchange, as the DevTools protocol tells it (domain Network): frames of a WebSocket, server-sent events. As messages of sdk/model.ts.
 * Of the web alone, for the daemon's side takes it from here.
 */

/** Protocol.Network.WebSocketFrame: text of text frames, base64 of all others. */
export interface ToldFrame {
  opcode: number
  payloadData: string
}

/** Protocol.Network.EventSourceMessageReceivedEvent. */
export interface ToldEvent {
  data: string
  eventName: string
  eventId: string
}

interface Place {
  index: number
  /** Unix ms. */
  at: number
}

export type Direction = 'sent' | 'received'

export interface ToldMessage extends Place {
  direction: Direction
  type: 'text' | 'binary' | 'close' | 'ping' | 'pong' | 'event'
  text?: string
  data?: string
  size: number
  truncated?: true
  event?: string
  id?: string
  code?: number
  reason?: string
}

/** As of messages that a proxy sees. */
const mostBytes = 4 * 1024 * 1024

/** RFC 6455 section 5.2. */
const types: { readonly [opcode: number]: ToldMessage['type'] } = { 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' }

export function frameMessage({ opcode, payloadData }: ToldFrame, direction: Direction, place: Place): ToldMessage {
  const type = types[opcode] ?? 'binary'
  if (type === 'text') return { ...place, direction, type, ...textContent(payloadData) }
  return { ...place, direction, type, ...dataContent(payloadData), ...(type === 'close' && closing(payloadData)) }
}

export function eventMessage({ data, eventName, eventId }: ToldEvent, place: Place): ToldMessage {
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

function textContent(text: string): Pick<ToldMessage, 'text' | 'size' | 'truncated'> {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= mostBytes) return { text, size: bytes.length }
  // Only whole characters are kept.
  return { text: new TextDecoder().decode(bytes.subarray(0, mostBytes), { stream: true }), size: bytes.length, truncated: true }
}

function dataContent(base64: string): Pick<ToldMessage, 'data' | 'size' | 'truncated'> {
  const size = (base64.length / 4) * 3 - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0)
  if (size <= mostBytes) return { data: base64, size }
  const kept = atob(base64.slice(0, Math.ceil(mostBytes / 3) * 4)).slice(0, mostBytes)
  return { data: btoa(kept), size, truncated: true }
}

/** RFC 6455 section 5.5.1. */
function closing(base64: string): Pick<ToldMessage, 'code' | 'reason'> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  if (bytes.length < 2) return {}
  const reason = new TextDecoder().decode(bytes.subarray(2))
  return { code: new DataView(bytes.buffer).getUint16(0), ...(reason !== '' && { reason }) }
}
