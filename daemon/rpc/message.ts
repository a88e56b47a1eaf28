/** One JSON-RPC message out of the bytes of a frame. */
import { codes, WeirError } from '../../sdk/errors.ts'
import type { Message } from '../../sdk/json-rpc.ts'
import { limits } from '../../sdk/limits.ts'

export type RequestId = string | number

/** What a client may send: a request, or a notification without an id. */
export interface IncomingMessage extends Message {
  id?: RequestId
  method: string
  params?: unknown
}

const refuse = (code: typeof codes.parseError | typeof codes.invalidRequest, reason: string, message: string) =>
  new WeirError(code, reason, message)

/** Throws -32700 for what is no JSON or too deep, -32600 for JSON that is no request (JSON-RPC 2.0 section 4; no batches, as in LSP). */
export function parseMessage(frame: Buffer): IncomingMessage {
  if (depthOf(frame) > limits.jsonDepth) throw refuse(codes.parseError, 'tooDeep', `JSON nests deeper than ${limits.jsonDepth}`)
  const message = parseJson(frame)
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    throw refuse(codes.invalidRequest, 'notARequest', 'a message is one JSON object; batches are not supported')
  }
  const { jsonrpc, id, method, params } = message as { [key: string]: unknown }
  if (jsonrpc !== '2.0') throw refuse(codes.invalidRequest, 'notARequest', 'jsonrpc must be "2.0"')
  if (typeof method !== 'string') throw refuse(codes.invalidRequest, 'notARequest', 'method must be a string')
  if (id !== undefined && typeof id !== 'string' && !Number.isInteger(id)) {
    throw refuse(codes.invalidRequest, 'notARequest', 'id must be a string or an integer')
  }
  if (params !== undefined && (typeof params !== 'object' || params === null)) {
    throw refuse(codes.invalidRequest, 'notARequest', 'params must be an object')
  }
  return message as IncomingMessage
}

function parseJson(frame: Buffer): unknown {
  try {
    return JSON.parse(frame.toString('utf8'))
  } catch {
    throw refuse(codes.parseError, 'notJson', 'the frame is not JSON')
  }
}

const quote = 0x22
const backslash = 0x5c

/** The deepest nesting of arrays and objects, found without parsing: JSON.parse recurses. */
function depthOf(frame: Buffer): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let at = 0; at < frame.length; at++) {
    const byte = frame[at]
    if (inString) {
      if (byte === backslash) at++
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if (byte === 0x7b || byte === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (byte === 0x7d || byte === 0x5d) depth--
  }
  return deepest
}
