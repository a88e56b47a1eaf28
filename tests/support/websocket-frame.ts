/** WebSocket frames, written by hand. */

interface FrameOptions {
  final?: boolean
  compressed?: boolean
  mask?: Buffer
}

export const Opcode = { continued: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** RFC 6455 section 5.2. */
export function webSocketFrame(
  opcode: number,
  payload: Buffer | string,
  { final = true, compressed = false, mask }: FrameOptions = {},
): Buffer {
  const bytes = Buffer.from(payload as string, 'latin1')
  const length = bytes.length
  const head = [(final ? 0x80 : 0) | (compressed ? 0x40 : 0) | opcode]
  const masked = mask ? 0x80 : 0
  if (length < 126) head.push(masked | length)
  else if (length < 65_536) head.push(masked | 126, length >> 8, length & 255)
  else head.push(masked | 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255)
  if (mask) for (let at = 0; at < length; at++) bytes[at] = (bytes[at] as number) ^ (mask[at & 3] as number)
  return Buffer.concat([Buffer.from(head), mask ?? Buffer.alloc(0), bytes])
}

export const someMask = Buffer.of(9, 8, 7, 6)

/** As a client sends it. */
export const maskedFrame = (opcode: number, payload: Buffer | string): Buffer => webSocketFrame(opcode, payload, { mask: someMask })
