/** An exchange as text: a line in the list, and a whole document. */

/** @typedef {import('../../sdk/model.ts').Exchange} Exchange */
/** @typedef {import('./daemon.js').Daemon} Daemon */

/** Bytes of each body that are shown. */
const shownBytes = 256 * 1024

/**
 * What was captured is untrusted: control characters and those that turn the direction of text are shown, not obeyed.
 * @param {string} text
 */
export const visible = (text) =>
  text.replace(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** @param {number | null} ms */
export const duration = (ms) => (ms === null ? 'open' : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`)

/** @param {Exchange} exchange */
export const outcome = ({ state, response, error }) => (error ? error.reason : response ? String(response.status) : state)

/** @param {[string, string][]} headers */
const headerLines = (headers) => headers.map(([name, value]) => `${visible(name)}: ${visible(value)}`)

/**
 * The request, the response and their bodies, one below the other.
 * @param {Daemon} daemon
 * @param {string} sessionId
 * @param {number} seq
 */
export async function exchangeText(daemon, sessionId, seq) {
  /** @type {Exchange} */
  const exchange = await daemon.call('exchange/get', { sessionId, seq })
  const { request, response, error, timings } = exchange
  const phases = Object.entries(timings).map(([name, ms]) => `${name} ${duration(ms)}`)
  const lines = [
    `# ${seq} in session ${sessionId}: ${exchange.state}, ${duration(exchange.durationMs)}${phases.length > 0 ? ` (${phases.join(', ')})` : ''}`,
    `# began ${new Date(exchange.startedAt).toISOString()}${exchange.server ? `, server ${exchange.server.address}:${exchange.server.port}` : ''}`,
    ...(error ? [`# ${error.reason}: ${visible(error.message)}`] : []),
    '',
    `${visible(request.method)} ${visible(request.url)} HTTP/${request.httpVersion}`,
    ...headerLines(request.headers),
    '',
    ...(await bodyLines(daemon, exchange, 'request')),
  ]
  if (response) {
    lines.push(`HTTP/${response.httpVersion} ${response.status} ${visible(response.reason)}`, ...headerLines(response.headers), '')
    lines.push(...(await bodyLines(daemon, exchange, 'response')), ...headerLines(response.trailers))
  }
  return lines.join('\n')
}

/**
 * @param {Daemon} daemon
 * @param {Exchange} exchange
 * @param {'request' | 'response'} part
 */
async function bodyLines(daemon, exchange, part) {
  const { sessionId, seq } = exchange
  const message = exchange[part]
  if (!message || message.bodySize === 0) return []
  try {
    const { text, size, eof, next } = await daemon.call('exchange/readText', { sessionId, seq, part, length: shownBytes })
    const rest = next < size ? [`# ... ${size - next} more bytes`] : eof ? [] : ['# ... more is arriving']
    return [text, ...rest, '']
  } catch (error) {
    if (/** @type {any} */ (error)?.data?.reason !== 'notText') throw error
    return [`# ${message.bodySize} bytes that are no text`, '']
  }
}
