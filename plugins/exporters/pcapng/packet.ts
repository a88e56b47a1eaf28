/** A TCP segment in an IP packet (RFC 9293, 791, 8200), with its checksums. */

export const flags = { fin: 1, syn: 2, rst: 4, push: 8, ack: 16 } as const

const tcp = 6
const hops = 64
/** Maximum segment size, and windows that count in 16 KiB, so that nothing has to wait for an acknowledgement. */
const synOptions = Buffer.from([2, 4, 0x7f, 0xff, 3, 3, 14, 1])

export interface Segment {
  from: Buffer
  to: Buffer
  fromPort: number
  toPort: number
  sequence: number
  acknowledged: number
  flags: number
  payload: Uint8Array
}

export function packetOf(segment: Segment): Buffer {
  const { from, to, payload } = segment
  const options = segment.flags & flags.syn ? synOptions : Buffer.alloc(0)
  const length = 20 + options.length + payload.length
  const head = from.length === 4 ? 20 : 40
  const packet = Buffer.alloc(head + length)
  if (from.length === 4) version4(packet, length, from, to)
  else version6(packet, length, from, to)
  const part = packet.subarray(head)
  part.writeUInt16BE(segment.fromPort, 0)
  part.writeUInt16BE(segment.toPort, 2)
  part.writeUInt32BE(segment.sequence, 4)
  part.writeUInt32BE(segment.acknowledged, 8)
  part[12] = ((20 + options.length) / 4) << 4
  part[13] = segment.flags
  part.writeUInt16BE(0xffff, 14)
  part.set(options, 20)
  part.set(payload, 20 + options.length)
  const pseudoHead = sum(from) + sum(to) + tcp + length
  part.writeUInt16BE(checksum(pseudoHead + sum(part)), 16)
  return packet
}

function version4(packet: Buffer, length: number, from: Buffer, to: Buffer): void {
  packet[0] = 0x45
  packet.writeUInt16BE(20 + length, 2)
  packet[6] = 0x40
  packet[8] = hops
  packet[9] = tcp
  packet.set(from, 12)
  packet.set(to, 16)
  packet.writeUInt16BE(checksum(sum(packet.subarray(0, 20))), 10)
}

function version6(packet: Buffer, length: number, from: Buffer, to: Buffer): void {
  packet[0] = 0x60
  packet.writeUInt16BE(length, 4)
  packet[6] = tcp
  packet[7] = hops
  packet.set(from, 8)
  packet.set(to, 24)
}

/** Of 16-bit words; what is no whole one ends with a zero. */
function sum(bytes: Uint8Array): number {
  let total = 0
  const even = bytes.length & ~1
  for (let at = 0; at < even; at += 2) total += ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  return even < bytes.length ? total + ((bytes[even] as number) << 8) : total
}

/** Their ones' complement (RFC 1071). */
function checksum(total: number): number {
  let folded = total
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000)
  return ~folded & 0xffff
}
