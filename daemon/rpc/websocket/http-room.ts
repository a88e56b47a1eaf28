/** What the loopback port answers plain HTTP requests with. A room has the paths below its name to itself. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { toWire, unavailable, WeirError } from '../../../sdk/errors.ts'

export interface HttpRoom {
  /** The first segment of its paths: `pair` for /pair and /pair/... */
  readonly name: string
  /** A rejection is answered as an error. Host has been checked, Origin has not. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>
}

const statuses: { [reason: string]: number } = {
  hostRefused: 403,
  originRefused: 403,
  pageNotFound: 404,
  methodRefused: 405,
  bodyTooLarge: 413,
  notJson: 415,
  wrongCode: 403,
  tooManyTries: 429,
  invalidParams: 400,
  tooManyClients: 503,
}

/** No answer is for a cache, a frame or a guess at its type. */
export const plainHeaders = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
} as const

export const statusOf = (error: unknown): number => (error instanceof WeirError ? (statuses[error.reason] ?? 403) : 500)

export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value)
  response.writeHead(status, { ...plainHeaders, 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) })
  response.end(text)
}

/** `{error: {code, message, data}}`, as JSON-RPC has them. */
export function answerError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const retryAfterMs = error instanceof WeirError ? error.data.retryAfterMs : undefined
  if (typeof retryAfterMs === 'number') response.setHeader('Retry-After', Math.ceil(retryAfterMs / 1000))
  answerJson(response, statusOf(error), { error: toWire(error) })
}

/** A body of at most so many bytes, as JSON. Rejects with 1005 bodyTooLarge and notJson. */
export async function readJson(request: IncomingMessage, mostBytes: number): Promise<unknown> {
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) throw unavailable('notJson', 'the body has to be application/json')
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > mostBytes) throw unavailable('bodyTooLarge', `the body may have ${mostBytes} bytes`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw unavailable('notJson', 'the body is no JSON')
  }
}
