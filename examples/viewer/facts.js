/** What is said of an exchange in a word. */

/** @typedef {import('../../sdk/model.ts').Exchange} Exchange */

/** @param {Exchange} exchange */
const afterScheme = ({ request: { url } }) => url.slice(url.indexOf('://') + 3)

/** With its port. @param {Exchange} exchange */
export const host = (exchange) => /^[^/?]*/.exec(afterScheme(exchange))?.[0] ?? ''

/** @param {Exchange} exchange */
export const pathAndQuery = (exchange) => afterScheme(exchange).slice(host(exchange).length) || '/'

/**
 * The values of a header field, joined.
 * @param {[string, string][]} headers
 * @param {string} name lower case
 */
export const header = (headers, name) =>
  headers
    .filter(([given]) => given.toLowerCase() === name)
    .map(([, value]) => value)
    .join(', ')

/** Media type without parameters, lower case; '' for none. @param {[string, string][]} headers */
export const mediaType = (headers) => (header(headers, 'content-type').split(';')[0] ?? '').trim().toLowerCase()

/** In short: json, html, png. @param {Exchange} exchange */
export function typeOf({ kind, response }) {
  if (kind !== 'http') return kind
  const type = mediaType(response?.headers ?? [])
  return type === 'text/event-stream'
    ? 'events'
    : type.replace(/^(?:application|text|image|font|audio|video)\/(?:x-|vnd\.)?/, '').slice(0, 40)
}

/** @param {Exchange} exchange */
export const outcome = ({ state, response, error }) =>
  response ? String(response.status) : state === 'open' ? 'open' : error ? 'error' : state

/** Of it in table.css. @param {Exchange} exchange */
export function outcomeClass({ state, response }) {
  if (state === 'failed' || state === 'aborted') return 'failed'
  if (!response) return 'open'
  return ['informed', 'good', 'moved', 'refused', 'broken'][Math.floor(response.status / 100) - 1] ?? 'informed'
}

/** Whether messages pass inside of it. @param {Exchange} exchange */
export function hasMessages({ kind, request, response }) {
  if (kind === 'websocket') return true
  return mediaType(response?.headers ?? []) === 'text/event-stream' || /^application\/grpc/.test(mediaType(request.headers))
}
