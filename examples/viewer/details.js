/** One exchange, beside the table: what passed both ways, its times, its messages. It follows the exchange while that is open. */
import { bodyView } from './body-view.js'
import { button, byId, drawn, element, visible } from './dom.js'
import { hasMessages, outcome, outcomeClass } from './facts.js'
import { bytes, duration, moment } from './format.js'
import { MessagesView } from './messages-view.js'
import { Subscription } from './subscription.js'
import { tabs } from './tabs.js'
import { phases } from './waterfall.js'

/** @typedef {import('./connection.js').Connection} Connection */
/** @typedef {import('../../sdk/model.ts').Exchange} Exchange */

/** Emits `close`. */
export class Details extends EventTarget {
  #root = byId('details')
  /** @type {Connection} */ #connection
  /** @type {Exchange | null} */ #exchange = null
  /** @type {Subscription | null} */ #subscription = null
  /** @type {MessagesView | null} */ #messages = null
  #tab = 'Response'

  /** @param {Connection} connection */
  constructor(connection) {
    super()
    this.#connection = connection
    this.#root.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return
      event.stopPropagation()
      this.close()
    })
  }

  get isOpen() {
    return !this.#root.hidden
  }

  focus() {
    this.#root.focus()
  }

  /** @param {Exchange} exchange */
  show(exchange) {
    if (this.isOpen && this.#exchange?.seq === exchange.seq && this.#exchange.sessionId === exchange.sessionId) return
    this.#subscription?.end()
    this.#subscription = null
    this.#exchange = exchange
    this.#root.hidden = false
    this.#draw(exchange)
    if (exchange.state === 'open') void this.#follow(exchange)
  }

  /** Shows none; whoever works elsewhere is left there. */
  clear() {
    this.#subscription?.end()
    this.#subscription = null
    this.#exchange = null
    this.#messages = null
    this.#root.hidden = true
    this.#root.replaceChildren()
  }

  close() {
    if (!this.isOpen) return
    this.clear()
    this.dispatchEvent(new Event('close'))
  }

  /** @param {Exchange} exchange */
  async #follow({ sessionId, seq }) {
    const where = `seq:${seq}`
    try {
      const page = await this.#connection.call('exchange/list', { sessionId, where, limit: 1 })
      if (this.#exchange?.seq !== seq || this.#exchange.sessionId !== sessionId) return
      this.#subscription = new Subscription(this.#connection, { sessionId, where, since: page.clock }, ({ items }) => {
        for (const item of items) this.#update(item)
      })
      if (page.items[0]) this.#update(page.items[0])
    } catch (error) {
      this.#root.append(element('p', { className: 'problem', textContent: /** @type {Error} */ (error).message }))
    }
  }

  /** @param {Exchange} exchange */
  #update(exchange) {
    const before = this.#exchange
    this.#exchange = exchange
    void this.#messages?.update()
    if (before?.state === exchange.state && (before.response === null) === (exchange.response === null)) return
    // Messages that are read stay where they are.
    if (this.#messages && this.#tab === 'Messages') this.#root.firstElementChild?.replaceWith(this.#head(exchange))
    else this.#draw(exchange)
    if (exchange.state === 'open') return
    this.#subscription?.end()
    this.#subscription = null
  }

  /** @param {Exchange} exchange */
  #draw(exchange) {
    this.#messages = null
    const all = [
      { name: 'Response', show: () => this.#message('response') },
      { name: 'Request', show: () => this.#message('request') },
      ...(hasMessages(exchange) ? [{ name: 'Messages', show: () => this.#showMessages() }] : []),
      { name: 'Timing', show: () => timing(this.#exchange ?? exchange) },
      { name: 'Facts', show: () => facts(this.#exchange ?? exchange) },
    ]
    const chosen = hasMessages(exchange) && this.#tab === 'Response' ? 'Messages' : this.#tab
    const remember = (/** @type {string} */ name) => {
      this.#tab = name
      if (name !== 'Messages') this.#messages = null
    }
    this.#root.replaceChildren(this.#head(exchange), tabs('Exchange', all, chosen, remember))
  }

  #showMessages() {
    if (!this.#exchange) return element('div')
    this.#messages = new MessagesView(this.#connection, this.#exchange)
    return this.#messages.element
  }

  /** @param {Exchange} exchange */
  #head(exchange) {
    const { request, seq, durationMs, error } = exchange
    return element(
      'header',
      {},
      element(
        'div',
        { className: 'title' },
        element('span', { className: `status ${outcomeClass(exchange)}`, textContent: outcome(exchange) }),
        element('h2', { textContent: visible(`${request.method} ${request.url}`) }),
        button('✕', () => this.close(), { ariaLabel: 'Close', className: 'plain' }),
      ),
      element('p', { className: 'quiet', textContent: `#${seq}, ${moment(exchange.startedAt)}, ${duration(durationMs)}` }),
      ...(error ? [element('p', { className: 'problem', textContent: visible(`${error.reason}: ${error.message}`) })] : []),
    )
  }

  /** @param {'request' | 'response'} part */
  #message(part) {
    const exchange = this.#exchange
    const message = exchange?.[part]
    if (!exchange || !message)
      return element('p', { className: 'quiet', textContent: exchange?.state === 'open' ? 'Not there yet.' : 'There is none.' })
    const first =
      part === 'request'
        ? `${exchange.request.method} ${exchange.request.url} HTTP/${message.httpVersion}`
        : `HTTP/${message.httpVersion} ${outcome(exchange)} ${exchange.response?.reason ?? ''}`
    return element(
      'div',
      {},
      element('p', { className: 'start-line', textContent: visible(first) }),
      headers(message.headers, `Header fields of the ${part}`),
      ...(message.trailers.length > 0 ? [element('h3', { textContent: 'Trailers' }), headers(message.trailers, 'Trailers')] : []),
      element('h3', { textContent: 'Body' }),
      bodyView({ connection: this.#connection, exchange, part }),
    )
  }
}

/** @param {[string, string][]} fields @param {string} label */
function headers(fields, label) {
  if (fields.length === 0) return element('p', { className: 'quiet', textContent: 'No header fields.' })
  const rows = fields.map(([name, value]) =>
    element('tr', {}, element('th', { scope: 'row', textContent: visible(name) }), element('td', { textContent: visible(value) })),
  )
  return element('table', { className: 'fields', ariaLabel: label }, element('tbody', {}, ...rows))
}

/** @param {Exchange} exchange */
function timing(exchange) {
  const parts = phases(exchange)
  const begin = parts[0]?.start ?? 0
  const end = parts.at(-1)
  const width = Math.max(0.001, (end ? end.start + end.ms : 0) - begin)
  const rows = parts.map(({ name, start, ms }) => {
    const bar = drawn('rect', {
      class: `phase-${name}`,
      x: `${((start - begin) / width) * 100}%`,
      y: 3,
      width: `${Math.max(0.4, (ms / width) * 100)}%`,
      height: 12,
      rx: 2,
    })
    const picture = drawn('svg', { class: 'phase', width: '100%', height: 18, 'aria-hidden': 'true' }, bar)
    return element(
      'tr',
      {},
      element('th', { scope: 'row', textContent: name }),
      element('td', { className: 'number', textContent: duration(ms) }),
      element('td', { className: 'wide' }, picture),
    )
  })
  return element('table', { className: 'fields timing', ariaLabel: 'Phases' }, element('tbody', {}, ...rows))
}

/** @param {Exchange} exchange */
function facts({
  seq,
  kind,
  state,
  source,
  startedAt,
  durationMs,
  client,
  server,
  tls,
  request,
  response,
  tags,
  note,
  anomalies,
  connectionId,
  streamId,
}) {
  /** @type {[string, string | null | undefined][]} */
  const all = [
    ['number', String(seq)],
    ['kind', kind],
    ['state', state],
    ['source', source],
    ['began', new Date(startedAt).toISOString()],
    ['took', durationMs === null ? 'still open' : duration(durationMs)],
    ['client', client && `${client.address}:${client.port}`],
    ['process', client?.process && `${client.process.name} (${client.process.pid})`],
    ['server', server && `${server.address}:${server.port}`],
    ['connection', connectionId + (streamId === undefined ? '' : `, stream ${streamId}`)],
    ['TLS', tls && [tls.version, tls.cipher, tls.alpn, tls.sni].filter(Boolean).join(', ')],
    ['certificate', tls?.certificate && `${tls.certificate.subject}, issued by ${tls.certificate.issuer}`],
    ['JA3, JA4', tls && [tls.ja3, tls.ja4].filter(Boolean).join(', ')],
    ['request body', bytes(request.bodySize)],
    ['response body', response && bytes(response.bodySize)],
    ['odd on the wire', anomalies?.join(', ')],
    ['tags', tags.join(', ')],
    ['note', note],
  ]
  const rows = all
    .filter(([, value]) => value)
    .map(([name, value]) =>
      element('tr', {}, element('th', { scope: 'row', textContent: name }), element('td', { textContent: visible(value ?? '') })),
    )
  return element('table', { className: 'fields', ariaLabel: 'Facts' }, element('tbody', {}, ...rows))
}
