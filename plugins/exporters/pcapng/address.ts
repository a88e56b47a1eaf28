/** IP addresses as bytes. */
import { isIP } from 'node:net'

/** RFC 5737: addresses that nobody has, for ends that are not known. */
const unknown = { client: '192.0.2.2', server: '192.0.2.1' }

export interface AddressPair {
  /** Both have 4 bytes, or both 16. */
  client: Buffer
  server: Buffer
}

/** Where they are of different families, IPv4 is mapped into IPv6 (RFC 4291 section 2.5.5.2). */
export function addressPair(client: string | undefined, server: string | undefined): AddressPair {
  const pair = { client: bytesOf(client, unknown.client), server: bytesOf(server, unknown.server) }
  if (pair.client.length === pair.server.length) return pair
  return { client: mapped(pair.client), server: mapped(pair.server) }
}

function bytesOf(address = '', otherwise: string): Buffer {
  const [plain = ''] = address.split('%')
  const family = isIP(plain)
  if (family === 0) return Buffer.from(otherwise.split('.').map(Number))
  return family === 4 ? Buffer.from(plain.split('.').map(Number)) : ofVersion6(plain)
}

function ofVersion6(address: string): Buffer {
  const [left = '', right] = address.split('::')
  const before = groupsOf(left)
  const after = groupsOf(right ?? '')
  const groups = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
  return Buffer.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [(a << 8) | b, (c << 8) | d]
  })
}

const mapped = (address: Buffer): Buffer =>
  address.length === 16 ? address : Buffer.concat([Buffer.alloc(10), Buffer.from([0xff, 0xff]), address])
