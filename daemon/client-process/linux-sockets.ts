/** `/proc/net/tcp` and `tcp6`: which socket (inode) has which two ends. */
import { isIPv4, isIPv6 } from 'node:net'
import { endianness } from 'node:os'
import type { Asked } from './surface.ts'

const mapped = '0000000000000000FFFF0000'
const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/

/** The kernel writes each 32-bit word of an address in the machine's own byte order. */
function words(bytes: Buffer): string {
  if (endianness() === 'LE') bytes.swap32()
  return bytes.toString('hex').toUpperCase()
}

/** Eight digits for IPv4 (mapped into IPv6 or not), 32 for IPv6; null for what is no address. */
export function kernelAddress(address: string): string | null {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  if (isIPv4(plain)) return words(Buffer.from(plain.split('.').map(Number)))
  return isIPv6(plain) ? words(ipv6Bytes(plain)) : null
}

function ipv6Bytes(address: string): Buffer {
  const hexadecimal = address.replace(dotted, (_, ...quads) => {
    const [a, b, c, d] = quads.slice(0, 4).map(Number) as [number, number, number, number]
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  })
  const [head = '', tail] = hexadecimal.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':'))
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

const portDigits = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0')

/** The two ends as a line has them, the client's first -> what asked for it. IPv4 also stands in the table of IPv6, mapped. */
export function socketKeys(asked: readonly Asked[]): Map<string, number> {
  const keys = new Map<string, number>()
  for (const { id, client, proxy } of asked) {
    const [from, to] = [kernelAddress(client.address), kernelAddress(proxy.address)]
    if (from === null || to === null) continue
    const key = (prefix: string) => `${prefix}${from}:${portDigits(client.port)} ${prefix}${to}:${portDigits(proxy.port)}`
    keys.set(key(''), id)
    if (from.length === 8 && to.length === 8) keys.set(key(mapped), id)
  }
  return keys
}

/** sl, the two ends; then state, queues, timer, retransmissions; uid, timeout, inode. */
const ends = /^ *\d+: ([0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4}) /
const inodeOf = /^(?: *\S+){9} +(\d+)/

/** inode -> what asked for it. A socket without a process (closed, waiting) has inode 0 and is left out. */
export function findInodes(table: string, keys: ReadonlyMap<string, number>): Map<string, number> {
  const found = new Map<string, number>()
  for (let start = 0, end = table.indexOf('\n'); end >= 0; start = end + 1, end = table.indexOf('\n', start)) {
    const line = table.slice(start, end)
    const id = keys.get(ends.exec(line)?.[1] ?? '')
    if (id === undefined) continue
    const inode = inodeOf.exec(line)?.[1]
    if (inode !== undefined && inode !== '0') found.set(inode, id)
  }
  return found
}
