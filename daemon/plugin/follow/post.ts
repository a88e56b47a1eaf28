/** A POST whose answer is looked at only as far as it says what became of it: its body is not decoded, and of it only the beginning is read. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'

/** Of an answer's body, bytes. */
const mostBytes = 64 * 1024

export interface Answer {
  status: number
  reason: string
  retryAfter: string | null
  /** The beginning of the body, for a refusal; of other answers nobody waits for it. */
  text: string
}

/** Redirects are answers, too. Rejects with the system's error, or with the reason of the signal. */
export async function post(url: URL, headers: Headers, body: Buffer, signal: AbortSignal): Promise<Answer> {
  try {
    const response = await answered(url, headers, body, signal)
    const { statusCode: status = 0, statusMessage: reason = '' } = response
    const isRefused = status >= 300 && status < 500
    const text = isRefused ? await beginning(response) : ''
    if (!isRefused) void beginning(response)
    return { status, reason, retryAfter: response.headers['retry-after'] ?? null, text }
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  }
}

function answered(url: URL, headers: Headers, body: Buffer, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const request = send(url, { method: 'POST', headers: { ...Object.fromEntries(headers), 'content-length': body.length }, signal })
  request.on('response', resolve)
  request.on('error', reject)
  request.on('close', () => reject(new Error('it closed the connection')))
  request.end(body)
  return promise
}

/** What there is of it when it breaks off. A longer one is not taken. */
async function beginning(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      pieces.push(piece)
      bytes += piece.length
      if (bytes >= mostBytes) break
    }
  } catch {
    // The status has said what counts.
  }
  return Buffer.concat(pieces).toString('utf8')
}
