/** The session in numbers: groups with their counts, bytes and latencies, as bars. */
import { isLost } from './connection.js'
import { byId, drawn, element, visible } from './dom.js'
import { bytes, count, duration } from './format.js'

/** @typedef {import('./connection.js').Connection} Connection */
/**
 * @typedef {object} Statistics
 * @property {number} exchanges
 * @property {number} failed
 * @property {number} bytesSent
 * @property {number} bytesReceived
 * @property {{p50: number, p90: number, p99: number, max: number} | null} durationMs
 */
/** @typedef {Statistics & {key: string | null}} Group */
/** @typedef {{groups: Group[], total: Statistics}} Groups */

/** While it is looked at it is made anew so often, ms. */
const again = 5000
const shownGroups = 10

/** Emits `query` with a query that asks for a group. */
export class Overview extends EventTarget {
  #root = byId('overview')
  /** @type {Connection} */ #connection
  #sessionId = ''
  #where = ''
  /** @type {number | undefined} */ #timer

  /** @param {Connection} connection */
  constructor(connection) {
    super()
    this.#connection = connection
  }

  /** @param {string} sessionId '' is none @param {string} where */
  show(sessionId, where) {
    this.#sessionId = sessionId
    this.#where = where
    if (sessionId === '') this.#root.replaceChildren()
    if (!this.#root.hidden) void this.#draw()
  }

  /** @param {boolean} isShown */
  set isShown(isShown) {
    this.#root.hidden = !isShown
    clearTimeout(this.#timer)
    if (isShown) void this.#draw()
  }

  /** @param {boolean} [isAgain] */
  async #draw(isAgain = false) {
    clearTimeout(this.#timer)
    const { sessionId, where } = { sessionId: this.#sessionId, where: this.#where }
    if (sessionId === '') return
    // Nobody loses what is in hand.
    if (!isAgain || !this.#root.contains(document.activeElement)) await this.#read(sessionId, where)
    if (!this.#root.hidden) this.#timer = setTimeout(() => void this.#draw(true), again)
  }

  /** @param {string} sessionId @param {string} where */
  async #read(sessionId, where) {
    try {
      const by = (/** @type {string} */ key) => this.#connection.call('session/overview', { sessionId, where, by: key, limit: shownGroups })
      /** @type {Groups[]} */
      const [status, host, path, type] = await Promise.all(['status', 'host', 'path', 'type'].map(by))
      if (sessionId !== this.#sessionId || where !== this.#where || !status || !host || !path || !type) return
      this.#root.replaceChildren(
        facts(status.total),
        statusBar(status),
        element(
          'div',
          { className: 'charts' },
          this.#chart(
            'Hosts',
            host,
            ({ exchanges }) => exchanges,
            count,
            (key) => `host:${quoted(key)}`,
          ),
          this.#chart('Slowest paths, 90 %', path, ({ durationMs }) => durationMs?.p90 ?? 0, duration, null),
          this.#chart(
            'Types, bytes received',
            type,
            ({ bytesReceived }) => bytesReceived,
            bytes,
            (key) => `type:${quoted(key)}`,
          ),
          this.#chart('Paths', path, ({ exchanges }) => exchanges, count, null),
        ),
      )
    } catch (error) {
      if (sessionId !== this.#sessionId || where !== this.#where || isLost(error)) return
      const { message } = /** @type {Error} */ (error)
      this.#root.replaceChildren(element('p', { className: 'problem', textContent: message }))
    }
  }

  /**
   * @param {string} title
   * @param {Groups} groups
   * @param {(group: Group) => number} size
   * @param {(size: number) => string} label
   * @param {((key: string) => string) | null} query that finds a group
   */
  #chart(title, { groups }, size, label, query) {
    const sorted = groups.toSorted((a, b) => size(b) - size(a)).filter((group) => size(group) > 0)
    const most = Math.max(1, ...sorted.map(size))
    const rows = sorted.map((group) => {
      const name = group.key === null ? '(none)' : visible(group.key)
      const bar = drawn('rect', { x: 0, y: 2, width: `${(size(group) / most) * 100}%`, height: 10, rx: 2 })
      const picture = drawn('svg', { width: '100%', height: 14, 'aria-hidden': 'true' }, bar)
      const shown = element('span', { className: 'cut', textContent: name, title: name })
      const { key } = group
      if (query && key !== null) {
        const asking = element('button', { type: 'button', className: 'plain cut', textContent: name, title: `Show only ${name}` })
        asking.addEventListener('click', () => this.dispatchEvent(new CustomEvent('query', { detail: query(key) })))
        shown.replaceChildren(asking)
      }
      const times = group.durationMs ? `p50 ${duration(group.durationMs.p50)}, p99 ${duration(group.durationMs.p99)}` : ''
      return element(
        'tr',
        { title: times },
        element('th', { scope: 'row' }, shown),
        element('td', { className: 'wide' }, picture),
        element('td', { className: 'number', textContent: label(size(group)) }),
      )
    })
    return element(
      'section',
      { className: 'card' },
      element('h2', { textContent: title }),
      rows.length === 0
        ? element('p', { className: 'quiet', textContent: 'Nothing.' })
        : element('table', { className: 'chart', ariaLabel: title }, element('tbody', {}, ...rows)),
    )
  }
}

/** @param {string} key */
const quoted = (key) => (/^[\w.:/+-]+$/.test(key) ? key : `"${key.replace(/["\\]/g, '\\$&')}"`)

/** @param {Groups['total']} total */
function facts({ exchanges, failed, bytesSent, bytesReceived, durationMs }) {
  /** @type {[string, string][]} */
  const all = [
    ['exchanges', count(exchanges)],
    ['failed', count(failed)],
    ['received', bytes(bytesReceived)],
    ['sent', bytes(bytesSent)],
    ['half took at most', durationMs ? duration(durationMs.p50) : '—'],
    ['99 % took at most', durationMs ? duration(durationMs.p99) : '—'],
  ]
  return element(
    'dl',
    { className: 'facts' },
    ...all.map(([name, value]) => element('div', {}, element('dt', { textContent: name }), element('dd', { textContent: value }))),
  )
}

const classes = /** @type {{[first: string]: string}} */ ({ 1: 'informed', 2: 'good', 3: 'moved', 4: 'refused', 5: 'broken' })

/** @param {Groups} groups by status */
function statusBar({ groups, total }) {
  /** @type {Map<string, number>} */
  const byClass = new Map()
  for (const { key, exchanges } of groups) {
    const name = key === null ? 'none' : `${key[0]}xx`
    byClass.set(name, (byClass.get(name) ?? 0) + exchanges)
  }
  const all = [...byClass].sort(([a], [b]) => a.localeCompare(b))
  let x = 0
  const rects = all.map(([name, exchanges]) => {
    const width = (exchanges / Math.max(1, total.exchanges)) * 100
    const rect = drawn(
      'rect',
      { class: classes[name.charAt(0)] ?? 'failed', x: `${x}%`, y: 0, width: `${width}%`, height: 16 },
      drawn('title', {}, `${name}: ${count(exchanges)}`),
    )
    x += width
    return rect
  })
  const legend = all.map(([name, exchanges]) =>
    element(
      'span',
      {},
      element('i', { className: `dot ${classes[name.charAt(0)] ?? 'failed'}` }),
      `${name === 'none' ? 'no response' : name} ${count(exchanges)}`,
    ),
  )
  return element(
    'section',
    { className: 'card' },
    element('h2', { textContent: 'Status' }),
    drawn(
      'svg',
      {
        class: 'stack',
        width: '100%',
        height: 16,
        role: 'img',
        'aria-label': all.map(([name, exchanges]) => `${name} ${exchanges}`).join(', '),
      },
      ...rects,
    ),
    element('p', { className: 'legend' }, ...legend),
  )
}
