/** Reads a TLS ClientHello (RFC 8446 section 4.1.2) from the first bytes of a connection: nothing is consumed, nothing thrown. */

/** What the client's hello says; it is still to be read. */
export interface Hello {
  serverName: string | null
  /** ALPN, in the client's order; undefined: not offered. */
  protocols: string[] | undefined
  ja3: string | undefined
  ja4: string | undefined
}

export interface ClientHello {
  legacyVersion: number
  cipherSuites: number[]
  /** Extension types in their order. */
  extensions: number[]
  /** RFC 6066 section 3; null: not sent. */
  serverName: string | null
  /** ALPN (RFC 7301), in the client's order; undefined: not offered. Each byte is one character. */
  protocols: string[] | undefined
  supportedVersions: number[]
  groups: number[]
  pointFormats: number[]
  signatureAlgorithms: number[]
}

const handshakeRecord = 22
const clientHelloType = 1
/** Longer ones are no ClientHello that anybody sends, bytes. */
const longest = 64 * 1024

/** Reads within bounds: beyond them it gives zeros and says so. */
class Cursor {
  at = 0
  failed = false
  #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.at
  }

  number(size: 1 | 2 | 3): number {
    if (this.left < size) {
      this.failed = true
      this.at = this.#bytes.length
      return 0
    }
    const value = this.#bytes.readUIntBE(this.at, size)
    this.at += size
    return value
  }

  /** A vector with a length of so many bytes before it. */
  vector(lengthSize: 1 | 2): Buffer {
    const length = this.number(lengthSize)
    if (length > this.left) {
      this.failed = true
      this.at = this.#bytes.length
      return this.#bytes.subarray(0, 0)
    }
    const start = this.at
    this.at += length
    return this.#bytes.subarray(start, this.at)
  }
}

function numbers(bytes: Buffer, size: 1 | 2): number[] {
  const list: number[] = []
  for (let at = 0; at + size <= bytes.length; at += size) list.push(bytes.readUIntBE(at, size))
  return list
}

/** The handshake message, put together from its records; null: more bytes are needed; undefined: this is none. */
function handshakeMessage(bytes: Buffer): Buffer | null | undefined {
  const parts: Buffer[] = []
  let length = 0
  for (let at = 0; ; ) {
    if (bytes.length < at + 5) return null
    if (bytes[at] !== handshakeRecord || bytes[at + 1] !== 3) return undefined
    const end = at + 5 + bytes.readUInt16BE(at + 3)
    const part = bytes.subarray(at + 5, end)
    parts.push(part)
    length += part.length
    if (length >= 4) {
      const message = parts.length === 1 ? part : Buffer.concat(parts)
      if (message[0] !== clientHelloType) return undefined
      const needed = 4 + message.readUIntBE(1, 3)
      if (needed > longest) return undefined
      if (message.length >= needed) return message.subarray(4, needed)
    }
    if (end > bytes.length) return null
    at = end
  }
}

/** null: more bytes are needed; undefined: this is no ClientHello. */
export function readClientHello(bytes: Buffer): ClientHello | null | undefined {
  const message = handshakeMessage(bytes)
  if (!message) return message
  const cursor = new Cursor(message)
  const hello: ClientHello = {
    legacyVersion: cursor.number(2),
    cipherSuites: [],
    extensions: [],
    serverName: null,
    protocols: undefined,
    supportedVersions: [],
    groups: [],
    pointFormats: [],
    signatureAlgorithms: [],
  }
  cursor.at += 32
  cursor.vector(1)
  hello.cipherSuites = numbers(cursor.vector(2), 2)
  cursor.vector(1)
  if (cursor.left > 0) readExtensions(hello, cursor.vector(2))
  return cursor.failed ? undefined : hello
}

function readExtensions(hello: ClientHello, bytes: Buffer): void {
  const cursor = new Cursor(bytes)
  while (cursor.left > 0) {
    const type = cursor.number(2)
    const data = cursor.vector(2)
    if (cursor.failed) return
    hello.extensions.push(type)
    readExtension(hello, type, new Cursor(data))
  }
}

function readExtension(hello: ClientHello, type: number, data: Cursor): void {
  switch (type) {
    case 0: {
      const names = new Cursor(data.vector(2))
      if (names.number(1) === 0) hello.serverName = names.vector(2).toString('latin1') || null
      break
    }
    case 10:
      hello.groups = numbers(data.vector(2), 2)
      break
    case 11:
      hello.pointFormats = numbers(data.vector(1), 1)
      break
    case 13:
      hello.signatureAlgorithms = numbers(data.vector(2), 2)
      break
    case 16: {
      const names = new Cursor(data.vector(2))
      const protocols: string[] = []
      while (names.left > 0) protocols.push(names.vector(1).toString('latin1'))
      if (!names.failed && protocols.every((name) => name !== '')) hello.protocols = protocols
      break
    }
    case 43:
      hello.supportedVersions = numbers(data.vector(1), 2)
      break
  }
}
