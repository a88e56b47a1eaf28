/** The messages inside of an exchange, also while they come; a bounded number of them. */
import { button, element, visible, visibleLines } from './dom.js'
import { bytes, clockTime } from './format.js'
import { fromBase64, hex } from './hex.js'

/** @typedef {import('./connection.js').Connection} Connection */
/** @typedef {import('../../sdk/model.ts').Exchange} Exchange */
/** @typedef {import('../../sdk/model.ts').Message} Message */

const atOnce = 200
/** Beyond them the oldest leave the page, and no earlier ones come. */
const mostShown = 1000
const mostBytes = 16 * 1024 * 1024
const shownInLine = 300
const shownWhole = 256 * 1024

export class MessagesView {
  element = element('div', { className: 'messages' })
  #list = element('div', { role: 'list', ariaLabel: 'Messages', tabIndex: 0, className: 'message-list' })
  #earlier = button('Earlier messages', () => {
    this.#isEarlierWanted = true
    void this.#readWanted()
  })
  #state = element('p', { className: 'quiet', role: 'status' })
  /** @type {Connection} */ #connection
  /** @type {Exchange} */ #exchange
  /** Index of the first shown, and of the first not read. */
  #first = 0
  #next = 0
  /** Bytes of each message shown. @type {number[]} */ #sizes = []
  #isReading = false
  #isWanted = false
  #isEarlierWanted = false
  /** There are earlier ones that have no room. */
  #isFull = false

  /** @param {Connection} connection @param {Exchange} exchange */
  constructor(connection, exchange) {
    this.#connection = connection
    this.#exchange = exchange
    this.#earlier.hidden = true
    this.element.append(this.#earlier, this.#list, this.#state)
    void this.#begin()
  }

  /** More may have come. */
  async update() {
    this.#isWanted = true
    await this.#readWanted()
  }

  /** One thing after the other, so that what is shown has no gaps. */
  async #readWanted() {
    if (this.#isReading) return
    this.#isReading = true
    try {
      while (this.#isWanted || this.#isEarlierWanted) {
        if (this.#isEarlierWanted) {
          this.#isEarlierWanted = false
          await this.#readEarlier()
        } else {
          this.#isWanted = false
          await this.#readNew()
        }
      }
    } catch (error) {
      this.#state.textContent = /** @type {Error} */ (error).message
    } finally {
      this.#isReading = false
    }
  }

  async #readNew() {
    for (let more = true; more; ) {
      const page = await this.#read(this.#next, 1000)
      this.#add(page.items)
      more = page.more
    }
  }

  async #begin() {
    this.#isReading = true
    try {
      const count = await this.#count()
      this.#first = Math.max(0, count - atOnce)
      this.#next = this.#first
    } catch (error) {
      this.#state.textContent = /** @type {Error} */ (error).message
    } finally {
      this.#isReading = false
    }
    await this.update()
  }

  /** How many there are: indexes count from 0, so a few looks find the last. */
  async #count() {
    const isThere = async (/** @type {number} */ index) => (await this.#read(index, 1)).items.length > 0
    let low = 0
    let high = atOnce
    while (await isThere(high)) {
      low = high
      high *= 4
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (await isThere(middle)) low = middle
      else high = middle
    }
    return low + 1
  }

  /** @param {number} since @param {number} limit @returns {Promise<{items: Message[], more: boolean}>} */
  #read(since, limit) {
    const { sessionId, seq } = this.#exchange
    return this.#connection.call('exchange/readMessages', { sessionId, seq, since, limit, decode: true })
  }

  /** @param {Message[]} messages */
  #add(messages) {
    const last = messages.at(-1)
    const { scrollTop, scrollHeight, clientHeight } = this.#list
    const isAtEnd = scrollTop >= scrollHeight - clientHeight - 20
    this.#list.append(...messages.map(line))
    this.#sizes.push(...messages.map(({ size }) => size))
    if (last) this.#next = last.index + 1
    const leaving = beyond(this.#sizes)
    this.#sizes.splice(0, leaving)
    for (let at = 0; at < leaving; at++) this.#list.firstElementChild?.remove()
    if (leaving > 0) this.#isFull = true
    if (isAtEnd) this.#list.scrollTop = this.#list.scrollHeight
    this.#tell()
  }

  async #readEarlier() {
    /** @type {Message[]} */
    const earlier = []
    for (let next = Math.max(0, this.#first - atOnce); next < this.#first; ) {
      const { items } = await this.#read(next, this.#first - next)
      if (items.length === 0) break
      earlier.push(...items)
      next += items.length
      const leaving = beyond([...earlier.map(({ size }) => size), ...this.#sizes])
      earlier.splice(0, leaving)
      if (leaving > 0) this.#isFull = true
    }
    this.#list.prepend(...earlier.map(line))
    this.#sizes.unshift(...earlier.map(({ size }) => size))
    this.#tell()
  }

  #tell() {
    const shown = this.#sizes.length
    this.#first = this.#next - shown
    const isFull = this.#first > 0 && (this.#isFull || shown >= mostShown)
    this.#earlier.hidden = this.#first === 0 || isFull
    const { sessionId, seq } = this.#exchange
    const rest = isFull ? `, the last ${shown} are here; all: weir messages ${sessionId} ${seq}` : ''
    this.#state.textContent = this.#next === 0 ? 'No message yet.' : `${this.#next} messages${rest}`
  }
}

/** How many of the oldest have no room. @param {number[]} sizes */
function beyond(sizes) {
  let held = sizes.reduce((sum, size) => sum + size, 0)
  let leaving = 0
  while (sizes.length - leaving > mostShown || (held > mostBytes && sizes.length - leaving > 1)) held -= sizes[leaving++] ?? 0
  return leaving
}

/** @param {Message} message */
function line(message) {
  const { index, at, direction, type, size, event, code, reason, truncated } = message
  const sent = direction === 'sent'
  const kind = [type, event, code, reason && `“${reason}”`, truncated && 'cut'].filter(Boolean).join(' ')
  const content = contentOf(message)
  const head = element(
    'summary',
    {},
    element('span', { className: `arrow ${direction}`, textContent: sent ? '↑' : '↓', ariaLabel: direction }),
    element('span', { className: 'quiet', textContent: clockTime(at) }),
    element('span', { className: 'kind', textContent: visible(kind) }),
    element('span', { className: 'preview', textContent: visible(content.slice(0, shownInLine)) }),
    element('span', { className: 'quiet number', textContent: bytes(size) }),
  )
  const made = element('details', { id: `message-${index}` }, head)
  made.addEventListener('toggle', () => {
    if (!made.open || made.childElementCount > 1) return
    const whole = wholeOf(message)
    made.append(element('pre', { tabIndex: 0, textContent: whole.length > shownWhole ? `${whole.slice(0, shownWhole)}…` : whole }))
  })
  return element('div', { role: 'listitem' }, made)
}

/** @param {Message} message */
function contentOf({ text, data, decoded }) {
  if (text !== undefined) return text
  if (decoded) return JSON.stringify(decoded.value ?? decoded.fields ?? decoded)
  return Array.from(fromBase64((data ?? '').slice(0, 64)), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

/** @param {Message} message */
function wholeOf({ text, data, decoded }) {
  if (text !== undefined) return visibleLines(pretty(text))
  if (decoded) return visibleLines(JSON.stringify(decoded, null, 2))
  return hex(fromBase64(data ?? ''), 0)
}

/** @param {string} text */
function pretty(text) {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    // It only looked like JSON.
    return text
  }
}
