/**
 * The table: rows that are seen, of as many as there are. Beyond the height that browsers draw, the scrolled height is a smaller page that is
 * moved along: what is scrolled by hand moves row by row, what is dragged goes where it points.
 */
import { element, visible } from './dom.js'
import { host, outcome, outcomeClass, pathAndQuery, typeOf } from './facts.js'
import { bytes, clockTime, duration } from './format.js'
import { bars, spanOf } from './waterfall.js'

/** @typedef {import('./exchanges.js').Exchanges} Exchanges */
/** @typedef {import('../../sdk/model.ts').Exchange} Exchange */

/** As table.css has it. */
const rowHeight = 26
/** Pixels. Firefox draws some 17 million. */
const highest = 8_000_000
/** Rows that are drawn beyond those that are seen. */
const spare = 6

const columns = /** @type {const} */ (['seq', 'status', 'method', 'host', 'path', 'type', 'size', 'time', 'waterfall'])

/** Emits `select` with the row's exchange (or null), and `open` when it is to be looked at. */
export class Grid extends EventTarget {
  /** -1: none. */
  selected = -1
  /** @type {Exchanges} */ #exchanges
  /** @type {HTMLElement} */ #root
  /** @type {HTMLElement} */ #scroller
  /** @type {HTMLElement} */ #canvas
  /** Drawn rows, by their number. @type {Map<number, HTMLElement>} */ #drawn = new Map()
  /** What each drawn row shows. @type {WeakMap<HTMLElement, {exchange: Exchange | undefined, from: number, to: number}>} */ #shown =
    new WeakMap()
  /** The seq that stays selected while rows move. */
  #selectedSeq = 0
  /** Pixels by which the page is moved along. */
  #offset = 0
  #lastTop = 0
  /** Whether the newest row is kept in sight. */
  isFollowing = true
  #isScheduled = false

  /**
   * @param {HTMLElement} root the element with role grid; has a header and a scroller
   * @param {Exchanges} exchanges
   */
  constructor(root, exchanges) {
    super()
    this.#root = root
    this.#exchanges = exchanges
    this.#scroller = /** @type {HTMLElement} */ (root.querySelector('.scroller'))
    this.#canvas = /** @type {HTMLElement} */ (root.querySelector('.canvas'))
    this.#scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true })
    new ResizeObserver(() => this.#schedule()).observe(this.#scroller)
    exchanges.addEventListener('change', () => this.#schedule())
    root.addEventListener('keydown', (event) => this.#pressed(event))
    this.#canvas.addEventListener('click', ({ target }) => {
      const row = /** @type {HTMLElement} */ (target).closest?.('[role=row]')
      if (!row) return
      this.select(Number(row.getAttribute('aria-rowindex')) - 2)
      this.dispatchEvent(new Event('open'))
    })
  }

  /** Nothing selected, the newest in sight. */
  reset() {
    this.isFollowing = true
    this.select(-1)
    for (const row of this.#drawn.values()) row.remove()
    this.#drawn.clear()
    this.#schedule()
  }

  /** @param {number} row */
  select(row) {
    this.selected = this.#exchanges.total === 0 ? -1 : Math.max(-1, Math.min(row, this.#exchanges.total - 1))
    const exchange = this.selected < 0 ? undefined : this.#exchanges.row(this.selected)
    this.#selectedSeq = exchange?.seq ?? 0
    if (this.selected >= 0) this.#reveal(this.selected)
    this.#schedule()
    this.dispatchEvent(new CustomEvent('select', { detail: exchange ?? null }))
  }

  toEnd() {
    this.isFollowing = true
    this.#schedule()
  }

  get #height() {
    return this.#exchanges.total * rowHeight
  }

  get #pageHeight() {
    return Math.min(this.#height, highest)
  }

  /** Where in all rows the view begins, pixels. */
  get #top() {
    return this.#scroller.scrollTop + this.#offset
  }

  /** @param {number} top in all rows, pixels */
  #scrollTo(top) {
    const view = this.#scroller.clientHeight
    const most = Math.max(0, this.#height - view)
    const wanted = Math.min(Math.max(0, top), most)
    const share = most === 0 ? 0 : wanted / most
    const scrolled = Math.round(share * Math.max(0, this.#pageHeight - view))
    this.#offset = wanted - scrolled
    this.#scroller.scrollTop = scrolled
    this.#lastTop = this.#scroller.scrollTop
    this.#schedule()
  }

  #scrolled() {
    const view = this.#scroller.clientHeight
    const { scrollTop } = this.#scroller
    const moved = scrollTop - this.#lastTop
    if (moved === 0) return
    this.#lastTop = scrollTop
    const room = Math.max(1, this.#pageHeight - view)
    const atEnd = scrollTop >= room - 1
    if (this.#height > this.#pageHeight && (Math.abs(moved) > 2 * view || atEnd || scrollTop === 0))
      this.#offset = (scrollTop / room) * (this.#height - view) - scrollTop
    this.isFollowing = this.#top >= this.#height - view - rowHeight
    this.#schedule()
  }

  /** @param {number} row */
  #reveal(row) {
    const view = this.#scroller.clientHeight
    const top = row * rowHeight
    if (top < this.#top) this.#scrollTo(top)
    else if (top + rowHeight > this.#top + view) this.#scrollTo(top + rowHeight - view)
    if (row < this.#exchanges.total - 1) this.isFollowing = false
  }

  #schedule() {
    if (this.#isScheduled) return
    this.#isScheduled = true
    requestAnimationFrame(() => {
      this.#isScheduled = false
      this.#draw()
    })
  }

  #draw() {
    const { total } = this.#exchanges
    this.#root.setAttribute('aria-rowcount', String(total + 1))
    this.#canvas.style.height = `${this.#pageHeight}px`
    if (this.isFollowing) {
      this.#scroller.scrollTop = this.#pageHeight
      this.#lastTop = this.#scroller.scrollTop
      this.#offset = Math.max(0, this.#height - this.#scroller.clientHeight) - this.#lastTop
    }
    this.#offset = Math.max(0, this.#offset)
    this.#keepSelection()
    const first = Math.max(0, Math.floor(this.#top / rowHeight) - spare)
    const last = Math.min(total - 1, Math.ceil((this.#top + this.#scroller.clientHeight) / rowHeight) + spare)
    this.#exchanges.want(first, last)
    const span = spanOf(this.#exchanges, first, last)
    for (const [row, drawn] of this.#drawn) {
      if (row >= first && row <= last) continue
      drawn.remove()
      this.#drawn.delete(row)
    }
    /** @type {HTMLElement | null} */
    let before = null
    for (let row = first; row <= last; row++) {
      const drawn = this.#drawn.get(row) ?? this.#newRow(row)
      drawn.style.transform = `translateY(${row * rowHeight - this.#offset}px)`
      this.#fill(drawn, row, span)
      // In order, for those who hear the table.
      if (!drawn.isConnected || drawn.previousElementSibling !== before)
        this.#canvas.insertBefore(drawn, before ? before.nextSibling : this.#canvas.firstChild)
      before = drawn
    }
    if (this.selected >= 0 && this.#drawn.has(this.selected)) this.#root.setAttribute('aria-activedescendant', `row-${this.selected}`)
    else this.#root.removeAttribute('aria-activedescendant')
  }

  /** What is selected is an exchange, wherever its row has gone. */
  #keepSelection() {
    if (this.selected < 0) return
    const exchange = this.#exchanges.row(this.selected)
    if (this.#selectedSeq === 0 && exchange) {
      this.#selectedSeq = exchange.seq
      this.dispatchEvent(new CustomEvent('select', { detail: exchange }))
    } else if (exchange && exchange.seq !== this.#selectedSeq) this.selected = this.#exchanges.rowOf(this.#selectedSeq) ?? -1
  }

  /** @param {number} row */
  #newRow(row) {
    const drawn = element('div', { role: 'row', id: `row-${row}` })
    drawn.setAttribute('aria-rowindex', String(row + 2))
    for (const name of columns) {
      const cell = element('div', { role: 'gridcell', className: `cell ${name}` })
      drawn.append(cell)
    }
    this.#drawn.set(row, drawn)
    return drawn
  }

  /**
   * @param {HTMLElement} drawn
   * @param {number} row
   * @param {{from: number, to: number}} span
   */
  #fill(drawn, row, span) {
    drawn.ariaSelected = String(row === this.selected)
    const exchange = this.#exchanges.row(row)
    const shown = this.#shown.get(drawn)
    if (shown && shown.exchange === exchange && shown.from === span.from && shown.to === span.to) return
    const cells = /** @type {HTMLElement[]} */ ([...drawn.children])
    if (!shown || shown.exchange !== exchange) {
      drawn.className = exchange ? outcomeClass(exchange) : 'coming'
      const texts = exchange ? textsOf(exchange) : [String(row + 1), '', '', '', '…', '', '', '']
      texts.forEach((text, at) => {
        const cell = /** @type {HTMLElement} */ (cells[at])
        cell.textContent = text
        cell.title = exchange && (at === 3 || at === 4) ? visible(exchange.request.url).slice(0, 2000) : ''
      })
      const [seq] = cells
      if (seq && exchange) seq.title = clockTime(exchange.startedAt)
    }
    cells.at(-1)?.replaceChildren(...(exchange ? bars(exchange, span) : []))
    this.#shown.set(drawn, { exchange, ...span })
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / rowHeight) - 1)
    const last = this.#exchanges.total - 1
    const now = this.selected
    /** @type {{[key: string]: number}} */
    const moves = {
      ArrowDown: now < 0 ? Math.floor(this.#top / rowHeight) : now + 1,
      ArrowUp: now < 0 ? last : Math.max(0, now - 1),
      PageDown: (now < 0 ? Math.floor(this.#top / rowHeight) : now) + page,
      PageUp: Math.max(0, (now < 0 ? last : now) - page),
      Home: 0,
      End: last,
    }
    const to = moves[event.key]
    if (to !== undefined) {
      event.preventDefault()
      this.select(to)
      if (event.key === 'End') this.isFollowing = true
    } else if (event.key === 'Enter' && now >= 0) {
      event.preventDefault()
      this.dispatchEvent(new Event('open'))
    }
  }
}

/** @param {Exchange} exchange in the order of the columns */
const textsOf = (exchange) => [
  String(exchange.seq),
  outcome(exchange),
  visible(exchange.request.method),
  visible(host(exchange)),
  visible(pathAndQuery(exchange)).slice(0, 600),
  visible(typeOf(exchange)),
  exchange.response ? bytes(exchange.response.bodySize) : '',
  duration(exchange.durationMs),
]
