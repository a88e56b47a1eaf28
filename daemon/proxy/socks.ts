/**
 * The server side of SOCKS 4, 4a (https://www.openssh.com/txt/socks4.protocol, socks4a.protocol) and 5 (RFC 1928), the latter with username
 * and password (RFC 1929). Of the commands CONNECT alone: nothing else carries a connection that could be captured.
 */
import { isIP } from 'node:net'
import type { Arrival } from './arrival.ts'
import { isAuthorizedAs } from './credentials.ts'
import type { Destination } from './destination.ts'
import { farewell } from './own-pages.ts'

/** What comes of a message of the client. `used`: bytes it takes. */
type Turn =
  | { outcome: 'next'; used: number; answer: Buffer; read: SocksReader }
  | { outcome: 'open'; used: number; answer: Buffer; destination: Destination }
  | { outcome: 'refuse'; answer: Buffer }

/** Of the bytes that have not been used yet; null: more are needed. */
export type SocksReader = (bytes: Buffer) => Turn | null

/** Negotiates; the tunnel's bytes are still to be read when it is opened. Its deadline is the one that runs already. */
export function acceptSocks(arrival: Arrival, opened: (destination: Destination) => void): void {
  const { stream, listener } = arrival
  let seen: Buffer = Buffer.alloc(0)
  let reader = socksReader(listener.credentials)
  const give = () => void stream.end()
  const leave = () => {
    stream.off('data', read)
    stream.off('end', give)
    stream.pause()
  }
  const read = (chunk: Buffer) => {
    seen = Buffer.concat([seen, chunk])
    for (let turn = reader(seen); turn; turn = reader(seen)) {
      if (turn.outcome === 'refuse') {
        leave()
        arrival.settled()
        return farewell(stream, turn.answer)
      }
      seen = seen.subarray(turn.used)
      stream.write(turn.answer)
      if (turn.outcome === 'open') {
        leave()
        if (seen.length > 0) stream.unshift(seen)
        return opened(turn.destination)
      }
      reader = turn.read
    }
  }
  stream.on('data', read)
  stream.on('end', give)
  stream.resume()
}

/** The first step. @param credentials base64 of `username:password`; null: nothing is required */
export function socksReader(credentials: string | null): SocksReader {
  return (bytes) => (bytes[0] === 5 ? readMethods(bytes, credentials) : readRequest4(bytes, credentials))
}

const refuse = (...answer: number[]): Turn => ({ outcome: 'refuse', answer: Buffer.from(answer) })

// SOCKS 5

const noAuthentication = 0
const usernamePassword = 2

const reply5 = (code: number): number[] => [5, code, 0, 1, 0, 0, 0, 0, 0, 0]
const failed = 1
const commandNotSupported = 7
const addressTypeNotSupported = 8

function readMethods(bytes: Buffer, credentials: string | null): Turn | null {
  const used = 2 + (bytes[1] ?? 0)
  if (bytes.length < 2 || bytes.length < used) return null
  const offered = bytes.subarray(2, used)
  if (credentials === null && offered.includes(noAuthentication)) {
    return { outcome: 'next', used, answer: Buffer.from([5, noAuthentication]), read: readRequest5 }
  }
  if (!offered.includes(usernamePassword)) return refuse(5, 0xff)
  return { outcome: 'next', used, answer: Buffer.from([5, usernamePassword]), read: (more) => readPassword(more, credentials) }
}

function readPassword(bytes: Buffer, credentials: string | null): Turn | null {
  if (bytes.length === 0) return null
  if (bytes[0] !== 1) return refuse(1, 1)
  const passwordAt = 2 + (bytes[1] ?? 0)
  const used = passwordAt + 1 + (bytes[passwordAt] ?? 0)
  if (bytes.length < 2 || bytes.length <= passwordAt || bytes.length < used) return null
  const authorized = isAuthorizedAs(credentials, bytes.subarray(2, passwordAt), bytes.subarray(passwordAt + 1, used))
  return authorized ? { outcome: 'next', used, answer: Buffer.from([1, 0]), read: readRequest5 } : refuse(1, 1)
}

function readRequest5(bytes: Buffer): Turn | null {
  if (bytes.length === 0) return null
  if (bytes[0] !== 5) return refuse(...reply5(failed))
  if (bytes.length < 5) return null
  if (bytes[1] !== 1) return refuse(...reply5(commandNotSupported))
  const start = bytes[3] === 3 ? 5 : 4
  const length = { 1: 4, 3: bytes[4] as number, 4: 16 }[bytes[3] as number]
  if (length === undefined) return refuse(...reply5(addressTypeNotSupported))
  const used = start + length + 2
  if (bytes.length < used) return null
  const address = bytes.subarray(start, start + length)
  const destination = destinationOf(bytes[3] === 3 ? address.toString('latin1') : addressText(address), bytes.readUInt16BE(used - 2))
  if (!destination) return refuse(...reply5(failed))
  return { outcome: 'open', used, answer: Buffer.from(reply5(0)), destination }
}

// SOCKS 4 and 4a

const reply4 = (code: number): number[] => [0, code, 0, 0, 0, 0, 0, 0]
const granted = 0x5a
const rejected = 0x5b
/** Of a user id and of a name, bytes. */
const longest = 255

/** It knows no password: where one is required it is rejected. */
function readRequest4(bytes: Buffer, credentials: string | null): Turn | null {
  if (credentials !== null || (bytes.length > 1 && bytes[1] !== 1)) return refuse(...reply4(rejected))
  const user = readText(bytes, 8)
  if (user === null) return null
  if (user === undefined) return refuse(...reply4(rejected))
  const address = bytes.subarray(4, 8)
  // 0.0.0.x: the name follows (4a).
  const isNamed = address.readUInt32BE(0) < 256 && address[3] !== 0
  const name = isNamed ? readText(bytes, user.end) : { text: addressText(address), end: user.end }
  if (name === null) return null
  const destination = name && destinationOf(name.text, bytes.readUInt16BE(2))
  if (!name || !destination) return refuse(...reply4(rejected))
  return { outcome: 'open', used: name.end, answer: Buffer.from(reply4(granted)), destination }
}

/** Up to a NUL; null: it has not come; undefined: it is too far away. */
function readText(bytes: Buffer, start: number): { text: string; end: number } | null | undefined {
  const end = bytes.indexOf(0, start)
  if (bytes.length > start && (end < 0 ? bytes.length : end) - start > longest) return undefined
  return end < 0 || bytes.length <= start ? null : { text: bytes.toString('latin1', start, end), end: end + 1 }
}

// Addresses

function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, n) => bytes.readUInt16BE(n * 2).toString(16))
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)
}

function destinationOf(host: string, port: number): Destination | null {
  const isHost = isIP(host) !== 0 || /^[\x21-\x7e]+$/.test(host.replace(/[:/?#@[\]]/g, ' '))
  return isHost && port > 0 ? { host, port } : null
}
