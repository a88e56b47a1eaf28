/** Reads SNI and ALPN out of a TLS ClientHello (RFC 8446 4.1.2, RFC 6066 3, RFC 7301 3.1). */

export interface ClientHello {
  serverName?: string
  protocols?: string[]
}

const recordHeader = 5
const handshakeHeader = 4

/** `null`: more bytes are needed. Throws a RangeError on anything that is no ClientHello. */
export function parseClientHello(bytes: Buffer): ClientHello | null {
  if (bytes.length < recordHeader + handshakeHeader) return null
  if (bytes[0] !== 0x16 || bytes[5] !== 0x01) throw new RangeError('not a TLS ClientHello')
  // A hello may span records, but no client in use splits one below 16 KiB.
  if (bytes.length < recordHeader + bytes.readUInt16BE(3)) return null
  let at = recordHeader + handshakeHeader + 2 + 32
  at += 1 + bytes.readUInt8(at) // session id
  at += 2 + bytes.readUInt16BE(at) // cipher suites
  at += 1 + bytes.readUInt8(at) // compression methods
  const hello: ClientHello = {}
  const end = at + 2 + bytes.readUInt16BE(at)
  for (at += 2; at < end; ) {
    const type = bytes.readUInt16BE(at)
    const length = bytes.readUInt16BE(at + 2)
    const body = bytes.subarray(at + 4, at + 4 + length)
    at += 4 + length
    if (type === 0) hello.serverName = body.toString('latin1', 5, 5 + body.readUInt16BE(3))
    if (type === 16) hello.protocols = readProtocols(body)
  }
  return hello
}

function readProtocols(body: Buffer): string[] {
  const names: string[] = []
  for (let at = 2; at < body.length; at += 1 + body.readUInt8(at)) names.push(body.toString('latin1', at + 1, at + 1 + body.readUInt8(at)))
  return names
}
