/** Blocks of a pcapng file (draft-ietf-opsawg-pcapng), little-endian. */

const sectionHeader = 0x0a0d0d0a
const interfaceDescription = 1
const enhancedPacket = 6
const byteOrderMagic = 0x1a2b3c4d
/** IPv4 or IPv6 without a link layer, as the first four bits say. */
const linkTypeRaw = 101
const option = { comment: 1, userApplication: 4, interfaceName: 2 } as const

const padded = (bytes: number) => (bytes + 3) & ~3

/** Code, length and padded value of each, and the end of them. */
function optionsOf(texts: readonly [code: number, text: string][]): Buffer {
  if (texts.length === 0) return Buffer.alloc(0)
  const parts = texts.map(([code, text]) => {
    const value = Buffer.from(text, 'utf8')
    const part = Buffer.alloc(4 + padded(value.length))
    part.writeUInt16LE(code, 0)
    part.writeUInt16LE(value.length, 2)
    part.set(value, 4)
    return part
  })
  return Buffer.concat([...parts, Buffer.alloc(4)])
}

function block(type: number, body: Buffer, options: readonly [code: number, text: string][]): Buffer {
  const more = optionsOf(options)
  const size = 12 + body.length + more.length
  const bytes = Buffer.allocUnsafe(size)
  bytes.writeUInt32LE(type, 0)
  bytes.writeUInt32LE(size, 4)
  bytes.set(body, 8)
  bytes.set(more, 8 + body.length)
  bytes.writeUInt32LE(size, size - 4)
  return bytes
}

/** What a file begins with: one section, one interface, times in microseconds. */
export function fileHead(): Buffer {
  const section = Buffer.alloc(16, 0xff)
  section.writeUInt32LE(byteOrderMagic, 0)
  section.writeUInt16LE(1, 4)
  section.writeUInt16LE(0, 6)
  const link = Buffer.alloc(8)
  link.writeUInt16LE(linkTypeRaw, 0)
  return Buffer.concat([
    block(sectionHeader, section, [[option.userApplication, 'weir']]),
    block(interfaceDescription, link, [[option.interfaceName, 'weir']]),
  ])
}

/** @param at Unix ms @param comment shown with the packet, of at most 65,535 bytes; null: none */
export function packetBlock(packet: Buffer, at: number, comment: string | null): Buffer {
  const body = Buffer.alloc(20 + padded(packet.length))
  const microseconds = Math.max(0, Math.round(at * 1000))
  body.writeUInt32LE(Math.floor(microseconds / 2 ** 32), 4)
  body.writeUInt32LE(microseconds % 2 ** 32, 8)
  body.writeUInt32LE(packet.length, 12)
  body.writeUInt32LE(packet.length, 16)
  body.set(packet, 20)
  return block(enhancedPacket, body, comment === null ? [] : [[option.comment, comment]])
}
