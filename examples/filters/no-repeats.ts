/** A filter plugin: of requests that a program makes again and again, an answer is recorded only when it is another than the last. */
import { createHash } from 'node:crypto'
import { defineFilter, type FilteredExchange } from '../../sdk/plugin.ts'

/** The same for answers that are the same; null: there is nothing to compare. */
function answerOf({ request, response, bodies }: FilteredExchange): string | null {
  if (request.method !== 'GET' || response === null || bodies.response === null) return null
  return `${response.status} ${createHash('sha256').update(bodies.response).digest('base64')}`
}

export default defineFilter({
  kind: 'filter',
  name: 'no-repeats',
  version: '1.0.0',
  api: 1,
  description: 'Leaves out answers to a GET that are as they were the last time',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: { urls: { type: 'integer', minimum: 1, default: 1000, description: 'How many URLs are remembered.' } },
  },
  // It hides no secret: what it fails on may as well be recorded.
  onError: 'keep',
  create({ urls }) {
    /** By URL; the one that was asked for longest ago comes first. */
    const last = new Map<string, string>()
    return {
      apply(exchange) {
        const { url } = exchange.request
        const answer = answerOf(exchange)
        if (answer === null) return exchange
        const before = last.get(url)
        last.delete(url)
        last.set(url, answer)
        const [oldest] = last.keys()
        if (last.size > urls && oldest !== undefined) last.delete(oldest)
        return answer === before ? null : exchange
      },
    }
  },
})
