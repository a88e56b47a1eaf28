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

/** What a table says of the connections that are asked for. */
export interface Sockets {
  /** inode -> what asked for it. */
  open: Map<string, number>
  /** Closed for good, on the client's side at least: no process has them any more. */
  gone: Set<number>
}

/** sl, the two ends, the state; then queues, timer, retransmissions; uid, timeout, inode. */
const ends = /^ *\d+: ([0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4}) ([0-9A-F]{2}) /
const inodeOf = /^(?: *\S+){9} +(\d+)/
/** Both sides have said that they are done. */
const timeWait = '06'

/**
 * Tables of many thousand closed connections are usual, so a line is made a text of only when one of its ports is asked for.
 * @param keys as `socketKeys` makes them
 */
export function findSockets(table: Buffer, keys: ReadonlyMap<string, number>): Sockets {
  const sockets: Sockets = { open: new Map(), gone: new Set() }
  const ports = new Uint8Array(65_536)
  const reversed = new Map<string, number>()
  for (const [key, id] of keys) {
    const [from = '', to = ''] = key.split(' ')
    reversed.set(`${to} ${from}`, id)
    ports[Number.parseInt(from.slice(-4), 16)] = 1
  }
  for (let start = 0, end = table.indexOf(newline); end >= 0; start = end + 1, end = lineEnd(table, start, end - start)) {
    if (isAskedFor(table, start, end, ports)) read(table.toString('latin1', start, end), keys, reversed, sockets)
  }
  return sockets
}

function read(line: string, keys: ReadonlyMap<string, number>, reversed: ReadonlyMap<string, number>, { open, gone }: Sockets): void {
  const [, key = '', state] = ends.exec(line) ?? []
  const id = keys.get(key)
  const closedHere = state === timeWait ? reversed.get(key) : undefined
  if (closedHere !== undefined) gone.add(closedHere)
  const inode = id === undefined ? undefined : inodeOf.exec(line)?.[1]
  if (id === undefined || inode === undefined) return
  if (inode === '0') gone.add(id)
  else open.set(inode, id)
}

const newline = 10
const colon = 58

/** The kernel fills up lines of IPv4 to this. */
const ipv4Line = 149

function lineEnd(table: Buffer, start: number, lengthBefore: number): number {
  const end = start + ipv4Line
  return lengthBefore === ipv4Line && table[end] === newline ? end : table.indexOf(newline, start)
}

/** Either end is one of these ports. */
function isAskedFor(table: Buffer, start: number, end: number, ports: Uint8Array): boolean {
  let at = start
  while (at < end && table[at] !== colon) at++
  // After ": " comes an address of 8 or 32 digits, ":", the port, a space; then the same again.
  const digits = table[at + 10] === colon ? 8 : 32
  const first = at + 3 + digits
  const second = first + 6 + digits
  return second + 4 <= end && (ports[portAt(table, first)] === 1 || ports[portAt(table, second)] === 1)
}

/** -1: there is none. */
function portAt(table: Buffer, at: number): number {
  let port = 0
  for (let offset = 0; offset < 4; offset++) {
    const byte = table[at + offset] ?? 0
    const digit = byte >= 48 && byte <= 57 ? byte - 48 : byte >= 65 && byte <= 70 ? byte - 55 : -1
    if (digit < 0) return -1
    port = port * 16 + digit
  }
  return port
}
