/** What the bytes of a protobuf message show without its .proto: numbers, wire types and values of its fields. */
import type { ProtobufField } from '../../../sdk/model.ts'

const mostFields = 10_000
/** Of messages in messages; what lies deeper stays bytes. */
const mostDepth = 32
const mostVarintBytes = 10

/**
 * In the order of the wire. A value of bytes is shown as text where it is printable, as a message where it is one as a whole.
 * 'notProtobuf': the bytes are no sequence of fields; 'tooLarge': there are more than 10,000.
 */
export function fieldTree(bytes: Buffer): ProtobufField[] | 'notProtobuf' | 'tooLarge' {
  const reader = new FieldReader()
  const fields = reader.message(bytes, 0)
  if (fields !== null) return fields
  return reader.left < 0 ? 'tooLarge' : 'notProtobuf'
}

class FieldReader {
  /** Fields that may follow. */
  left = mostFields

  /** null: it is none. Each byte is looked at once a level. */
  message(bytes: Buffer, depth: number): ProtobufField[] | null {
    const cursor = new Cursor(bytes)
    const fields = this.#until(cursor, null, depth)
    return fields !== null && cursor.at === bytes.length ? fields : null
  }

  /** @param group whose end ends them; null: the end of the bytes does */
  #until(cursor: Cursor, group: number | null, depth: number): ProtobufField[] | null {
    const fields: ProtobufField[] = []
    while (cursor.at < cursor.bytes.length) {
      const tag = cursor.varint()
      if (tag === null || tag > 0xffff_ffffn || tag < 8n) return null
      const field = Number(tag >> 3n)
      const wireType = Number(tag & 7n)
      if (wireType === 4) return field === group ? fields : null
      if (--this.left < 0) return null
      const found = this.#field(cursor, field, wireType, depth)
      if (found === null) return null
      fields.push(found)
    }
    return group === null ? fields : null
  }

  #field(cursor: Cursor, field: number, wireType: number, depth: number): ProtobufField | null {
    switch (wireType) {
      case 0: {
        const value = cursor.varint()
        return value === null ? null : { field, wireType: 'varint', value: integer(value) }
      }
      case 1: {
        const bytes = cursor.take(8)
        return bytes === null
          ? null
          : { field, wireType: 'fixed64', value: integer(bytes.readBigUInt64LE()), ...float(bytes.readDoubleLE()) }
      }
      case 2: {
        const length = cursor.varint()
        const bytes = length === null || length > BigInt(cursor.bytes.length) ? null : cursor.take(Number(length))
        return bytes === null ? null : { field, wireType: 'bytes', value: this.#content(bytes, depth) }
      }
      case 3: {
        const value = depth === mostDepth ? null : this.#until(cursor, field, depth + 1)
        return value === null ? null : { field, wireType: 'group', value }
      }
      case 5: {
        const bytes = cursor.take(4)
        return bytes === null ? null : { field, wireType: 'fixed32', value: bytes.readUInt32LE(), ...float(bytes.readFloatLE()) }
      }
      default:
        return null
    }
  }

  /** Printable text is text; only a line feed in front is more often the tag of a message's first field. */
  #content(bytes: Buffer, depth: number): ProtobufField['value'] {
    const text = textOf(bytes)
    const isPrintable = text !== null && !controls.test(text)
    if (isPrintable && bytes[0] !== lineFeed) return text
    const { left } = this
    const fields = depth === mostDepth || bytes.length === 0 ? null : this.message(bytes, depth + 1)
    if (fields !== null) return fields
    this.left = left
    return text ?? { base64: bytes.toString('base64') }
  }
}

class Cursor {
  readonly bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  /** null: it has no end, or is beyond 64 bits. */
  varint(): bigint | null {
    let value = 0n
    for (let n = 0; n < mostVarintBytes; n++) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) return null
      value |= BigInt(byte & 0x7f) << BigInt(7 * n)
      if (byte < 0x80) return value < 1n << 64n ? value : null
    }
    return null
  }

  /** null: there are not so many. */
  take(length: number): Buffer | null {
    if (length > this.bytes.length - this.at) return null
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }
}

const lineFeed = 10
const controls = /(?![\t\n\r])\p{Cc}/u
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(bytes: Buffer): string | null {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

const integer = (value: bigint): number | string => (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value))

/** JSON has no infinities. */
const float = (value: number): { float?: number } => (Number.isFinite(value) ? { float: value } : {})
