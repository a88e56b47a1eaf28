/** What a filter gives back has to be: the processes of filters, the recorder and the test kit check it alike. */
import type { Headers } from '../model.ts'
import type { Filter, FilteredExchange } from '../plugin.ts'

/** What `create` of a filter returned. @throws what is wrong with it */
export function checkFilter(value: unknown): Filter {
  const { where, apply } = (value ?? {}) as { where?: unknown; apply?: unknown }
  if ((typeof where === 'string') === (typeof apply === 'function'))
    throw new Error('create must return { apply(exchange) } or { where: a query }')
  return value as Filter
}

/** What a filter returned, as far as it counts. @throws what is wrong with it */
export function checkAnswer(value: unknown): FilteredExchange | null {
  if (value === null) return null
  if (value instanceof Promise) throw new Error('apply returned a promise: it must decide at once')
  const wrong = wrongWith(value)
  if (wrong !== null) throw new Error(`apply must return the exchange or null: ${wrong}`)
  return value as FilteredExchange
}

function wrongWith(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return 'it returned something else'
  const { request, response, bodies, error, messages } = value as { [key: string]: unknown }
  if (!isHead(request)) return 'its request has no proper headers and trailers'
  const { method, url } = request as { method?: unknown; url?: unknown }
  if (typeof method !== 'string' || method === '') return 'request.method is no text'
  if (typeof url !== 'string' || !/^https?:\/\//.test(url)) return 'request.url is no http(s) URL'
  if (response !== null && !isResponse(response)) return 'its response has no proper reason, headers, trailers or informational responses'
  if (error !== undefined && typeof (error as { message?: unknown } | null)?.message !== 'string') return 'error.message is no text'
  if (typeof bodies !== 'object' || bodies === null) return 'bodies is missing'
  const { request: sent, response: received } = bodies as { request?: unknown; response?: unknown }
  if (!isBody(sent) || !isBody(received)) return 'bodies must be Uint8Array or null'
  return isMessages(messages) ? null : 'messages must be a list of messages or null'
}

const isBody = (value: unknown): boolean => value === null || value instanceof Uint8Array
const isFields = (value: unknown): value is Headers =>
  Array.isArray(value) &&
  value.every((field) => Array.isArray(field) && field.length === 2 && field.every((text) => typeof text === 'string'))

const directions: unknown[] = ['sent', 'received']
const types: unknown[] = ['text', 'binary', 'ping', 'pong', 'close', 'event', 'grpc']
const isText = (value: unknown): boolean => value === undefined || typeof value === 'string'

const isMessages = (value: unknown): boolean =>
  value === null ||
  (Array.isArray(value) &&
    value.every((one: unknown) => {
      const { at, direction, type, text, data, event, id } = (one ?? {}) as { [key: string]: unknown }
      return typeof at === 'number' && directions.includes(direction) && types.includes(type) && [text, data, event, id].every(isText)
    }))

function isHead(value: unknown): boolean {
  const { headers, trailers } = (value ?? {}) as { headers?: unknown; trailers?: unknown }
  return isFields(headers) && isFields(trailers)
}

function isResponse(value: unknown): boolean {
  const { reason, informational } = (value ?? {}) as { reason?: unknown; informational?: unknown }
  if (!isHead(value) || typeof reason !== 'string' || !Array.isArray(informational)) return false
  return informational.every((one: unknown) => {
    const { status, reason: words, headers } = (one ?? {}) as { status?: unknown; reason?: unknown; headers?: unknown }
    return Number.isInteger(status) && typeof words === 'string' && isFields(headers)
  })
}
