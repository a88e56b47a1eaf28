/** Content that consists of messages, by its media type. */
import { fieldValue } from './field-value.ts'
import type { Headers } from './model.ts'

/** grpc-web-text is grpc-web in base64. */
export type MessageType = 'eventStream' | 'grpc' | 'grpcWeb' | 'grpcWebText'

const types: readonly [pattern: RegExp, type: MessageType][] = [
  [/^text\/event-stream\s*(?:;|$)/i, 'eventStream'],
  [/^application\/grpc(?:\+[^\s;]+)?\s*(?:;|$)/i, 'grpc'],
  [/^application\/grpc-web(?:\+[^\s;]+)?\s*(?:;|$)/i, 'grpcWeb'],
  [/^application\/grpc-web-text(?:\+[^\s;]+)?\s*(?:;|$)/i, 'grpcWebText'],
]

/** By the first Content-Type field; null: none of these. */
export function messageTypeOf(fields: Readonly<Headers>): MessageType | null {
  const value = fieldValue(fields, 'content-type')
  return value === null ? null : (types.find(([pattern]) => pattern.test(value))?.[1] ?? null)
}
