/** Content that consists of messages, by its media type. */
import { fieldValue } from './field-value.ts'
import type { Exchange, Headers } from './model.ts'

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

/** Asking each exchange for its messages would cost more than all else that exports do with most of them. */
export const mayHoldMessages = ({ kind, request, response }: Pick<Exchange, 'kind' | 'request' | 'response'>): boolean =>
  kind !== 'http' || messageTypeOf(request.headers) !== null || messageTypeOf(response?.headers ?? []) !== null
