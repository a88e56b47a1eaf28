/** An exchange as an agent sees it in a list: what tells it apart, and how it went. */
import type { Exchange } from '../../../sdk/model.ts'
import { headerValue } from '../exchange-row.ts'
import { shortText } from './budget.ts'

/** Of a URL, characters. */
const longestUrl = 500

export function exchangeLine(exchange: Exchange): object {
  const { seq, state, kind, startedAt, durationMs, request, response, error, tags } = exchange
  const type = headerValue(response?.headers ?? [], 'content-type')
  return {
    seq,
    at: new Date(startedAt).toISOString(),
    method: request.method,
    url: shortText(request.url, longestUrl),
    ...(response && { status: response.status }),
    ...(state !== 'complete' && { state }),
    ...(kind !== 'http' && { kind }),
    ...(type !== undefined && { type: shortText(type, 100) }),
    requestBytes: request.bodySize,
    ...(response && { responseBytes: response.bodySize }),
    ...(durationMs !== null && { durationMs }),
    ...(error && { error: error.reason }),
    ...(tags.length > 0 && { tags: tags.slice(0, 5).map((tag) => shortText(tag, 100)) }),
  }
}
