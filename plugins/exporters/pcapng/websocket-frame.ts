/** Frames of a WebSocket (RFC 6455 section 5.2). */
import type { Message } from '../../../sdk/model.ts'

const opcodes: Partial<Record<Message['type'], number>> = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 }
const final = 0x80
const masked = 0x80

/** A message in one frame, without compression; a client's has a mask of zeros, so that its text is to be read. null: it is none of a WebSocket. */
export function webSocketFrame({ type, direction, text, data = '' }: Message): Buffer | null {
  const opcode = opcodes[type]
  if (opcode === undefined) return null
  const payload = text === undefined ? Buffer.from(data, 'base64') : Buffer.from(text.toWellFormed(), 'utf8')
  const mask = direction === 'sent' ? masked : 0
  const head = headOf(final | opcode, mask, payload.length)
  return Buffer.concat([head, Buffer.alloc(mask === 0 ? 0 : 4), payload])
}

function headOf(first: number, mask: number, length: number): Buffer {
  if (length < 126) return Buffer.from([first, mask | length])
  if (length <= 0xffff) return Buffer.from([first, mask | 126, length >> 8, length & 0xff])
  const head = Buffer.alloc(10)
  head[0] = first
  head[1] = mask | 127
  head.writeBigUInt64BE(BigInt(length), 2)
  return head
}
