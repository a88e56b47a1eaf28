/** The content of a protobuf message: by its type, or as its bytes show it. */
import type { DecodedMessage } from '../../../sdk/model.ts'
import { fieldTree } from './field-tree.ts'

/** One of the user's. */
export interface MessageType {
  /** With its package. */
  readonly name: string
  /** `value`: as JSON; `unknown`: fields that it does not name, as they came. Throws when the bytes are none of it. */
  decode(bytes: Buffer): { value: unknown; unknown: Buffer }
}

/** Of the message, and of what it becomes as JSON. */
const mostBytes = 1024 * 1024

/** Never throws. @param type null: it is not known */
export function decodeProtobuf(bytes: Buffer, type: MessageType | null): DecodedMessage {
  const name = type === null ? {} : { type: type.name }
  if (bytes.length > mostBytes) return { ...name, problem: 'tooLarge' }
  const decoded = type === null ? byFields(bytes) : byType(bytes, type)
  return JSON.stringify(decoded).length > mostBytes ? { ...name, problem: 'tooLarge' } : decoded
}

function byType(bytes: Buffer, type: MessageType): DecodedMessage {
  try {
    const { value, unknown } = type.decode(bytes)
    return { type: type.name, value, ...(unknown.length > 0 && byFields(unknown)) }
  } catch {
    return { type: type.name, ...byFields(bytes), problem: 'doesNotFit' }
  }
}

function byFields(bytes: Buffer): DecodedMessage {
  const fields = fieldTree(bytes)
  return typeof fields === 'string' ? { problem: fields } : { fields }
}
