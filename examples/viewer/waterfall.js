/** When each phase of an exchange was, beside those around it. */
import { element } from './dom.js'
import { duration } from './format.js'

/** @typedef {import('../../sdk/model.ts').Exchange} Exchange */
/** @typedef {{from: number, to: number}} Span Unix ms */

const phaseNames = /** @type {const} */ (['dns', 'connect', 'tls', 'send', 'wait', 'receive'])

/**
 * The phases that happened, in order. They end where the exchange ends; connecting may lie before its first byte, and begins below 0 then.
 * @param {Exchange} exchange
 * @returns {{name: string, start: number, ms: number}[]} ms since the exchange began
 */
export function phases({ timings, durationMs }) {
  const known = phaseNames.map((name) => ({ name: /** @type {string} */ (name), ms: timings[name] ?? 0 }))
  const sum = known.reduce((total, { ms }) => total + ms, 0)
  let start = durationMs === null ? 0 : Math.min(0, durationMs - sum)
  const found = []
  for (const { name, ms } of known) {
    if (ms > 0) found.push({ name, start, ms })
    start += ms
  }
  if (found.length === 0) found.push({ name: 'receive', start: 0, ms: durationMs ?? 0 })
  return found
}

/**
 * The time in which some rows lie.
 * @param {import('./exchanges.js').Exchanges} exchanges
 * @param {number} first
 * @param {number} last
 * @returns {Span}
 */
export function spanOf(exchanges, first, last) {
  let from = Number.POSITIVE_INFINITY
  let to = 0
  for (let row = first; row <= last; row++) {
    const exchange = exchanges.row(row)
    if (!exchange) continue
    const parts = phases(exchange)
    const end = parts.at(-1)
    from = Math.min(from, exchange.startedAt + (parts[0]?.start ?? 0))
    to = Math.max(to, exchange.startedAt + (end ? end.start + end.ms : 0))
  }
  return { from, to }
}

/**
 * @param {Exchange} exchange
 * @param {Span} span
 */
export function bars(exchange, { from, to }) {
  const width = Math.max(1, to - from)
  return phases(exchange).map(({ name, start, ms }) => {
    const bar = element('span', { className: `bar phase-${name}`, title: `${name} ${duration(ms)}` })
    bar.style.left = `min(${((exchange.startedAt - from + start) / width) * 100}%, 100% - 2px)`
    bar.style.width = `${(ms / width) * 100}%`
    return bar
  })
}
