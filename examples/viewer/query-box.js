/**
 * The query: completed by the words that the daemon knows, and explained by it before it is used. What is wrong is said below, at its place.
 * Nothing of the language is known here: an unknown word is answered with the known ones.
 */
import { isLost } from './connection.js'
import { button, byId, element } from './dom.js'

/** @typedef {import('./connection.js').Connection} Connection */
/** @typedef {import('./connection.js').CallError} CallError */

/** What is valid is used after so long without a key, ms. */
const usedAfterMs = 500
const shownWords = 12
/** A field, and the beginning of a value of it. */
const wordAtEnd = /(?:([\w.-]+):)?([\w./*-]*)$/

/** Emits `query` when `value` has changed. */
export class QueryBox extends EventTarget {
  /** The query that is used. */
  value = ''
  /** @type {HTMLInputElement} */ #input = byId('query')
  #list = byId('query-words')
  #error = byId('query-error')
  /** @type {Connection} */ #connection
  /** Words by field; '' has the fields. @type {Map<string, Promise<readonly string[]>>} */ #known = new Map()
  #chosen = -1
  /** Counts what was typed, so that an answer that comes late is known to be one. */
  #typed = 0
  /** @type {number | undefined} */ #timer
  /** What weir was asked of the text and did not answer is asked again. @type {(() => void) | null} */ #owed = null

  /** @param {Connection} connection */
  constructor(connection) {
    super()
    this.#connection = connection
    connection.addEventListener('state', () => {
      if (connection.state === 'open') this.#owed?.()
    })
    this.#input.addEventListener('input', () => void this.#changed())
    this.#input.addEventListener('keydown', (event) => this.#pressed(event))
    this.#input.addEventListener('blur', () => this.#close())
    this.#list.addEventListener('pointerdown', (event) => event.preventDefault())
  }

  focus() {
    this.#input.focus()
    this.#input.select()
  }

  /** @param {string} text */
  async use(text) {
    this.#input.value = text
    await this.#explain(++this.#typed, true)
  }

  async #changed() {
    const typed = ++this.#typed
    clearTimeout(this.#timer)
    void this.#complete(typed)
    if (!(await this.#explain(typed, false))) return
    this.#timer = setTimeout(() => {
      // A word that may still be completed is not meant yet; Enter uses it all the same.
      if (this.#list.hidden) this.#use(typed)
    }, usedAfterMs)
  }

  /** @param {number} typed @param {boolean} isUsed @returns {Promise<boolean>} whether it is a query */
  async #explain(typed, isUsed) {
    const where = this.#input.value
    this.#owed = null
    try {
      await this.#connection.call('query/explain', { where })
      if (typed !== this.#typed) return false
      this.#say(null)
      if (isUsed) this.#use(typed)
      return true
    } catch (error) {
      if (typed !== this.#typed) return false
      // Enter was meant; what was only typed is still to be typed on, or to rest.
      if (isLost(error)) this.#owed = isUsed ? () => void this.#explain(++this.#typed, true) : () => void this.#changed()
      else this.#say(/** @type {CallError} */ (error))
      return false
    }
  }

  /** @param {number} typed */
  #use(typed) {
    if (typed !== this.#typed || this.value === this.#input.value) return
    this.value = this.#input.value
    this.dispatchEvent(new Event('query'))
  }

  /** @param {CallError | null} error */
  #say(error) {
    this.#input.setAttribute('aria-invalid', String(error !== null))
    this.#error.hidden = error === null
    if (!error) {
      this.#error.replaceChildren()
      return
    }
    const { position = 0 } = error.data
    const mark = element('span', { className: 'mark', textContent: '▲' })
    mark.style.marginLeft = `${Math.max(0, this.#widthOf(position) - this.#input.scrollLeft)}px`
    const message = error.message.replace(/^the query is not valid at position \d+: /, '')
    this.#error.replaceChildren(mark, element('span', { textContent: `${message} (at ${position + 1})` }))
  }

  /** Pixels from the left edge of the box to a place in its text. @param {number} position */
  #widthOf(position) {
    const style = getComputedStyle(this.#input)
    const canvas = document.createElement('canvas').getContext('2d')
    if (!canvas) return 0
    canvas.font = style.font
    return Number.parseFloat(style.paddingLeft) + canvas.measureText(this.#input.value.slice(0, position)).width
  }

  /** @param {number} typed */
  async #complete(typed) {
    const caret = this.#input.selectionStart ?? 0
    const [, field, begun = ''] = wordAtEnd.exec(this.#input.value.slice(0, caret)) ?? []
    if (field === undefined && begun.replace(/^-/, '') === '') return this.#close()
    const known = await this.#words(field?.replace(/^-/, '') ?? '')
    // Nobody completes in a box that was left.
    if (typed !== this.#typed || document.activeElement !== this.#input) return
    const word = field === undefined ? begun.replace(/^-/, '').toLowerCase() : begun.toLowerCase()
    const starting = known.filter((each) => each.toLowerCase().startsWith(word))
    const containing = known.filter((each) => !each.toLowerCase().startsWith(word) && each.toLowerCase().includes(word))
    const found = [...starting, ...(word.length > 1 ? containing : [])].filter((each) => each.toLowerCase() !== word).slice(0, shownWords)
    this.#offer(found, (chosen) => {
      const rest = this.#input.value.slice(caret)
      // header.NAME wants a name, a field its value.
      const completed = field === undefined ? (chosen.endsWith('.NAME') ? chosen.slice(0, -4) : `${chosen}:`) : chosen
      this.#input.setRangeText(completed, caret - word.length, caret, 'end')
      if (field !== undefined && rest === '') this.#input.setRangeText(' ', this.#input.value.length, this.#input.value.length, 'end')
      void this.#changed()
    })
  }

  /** The values of a field; with '' the fields. @param {string} field */
  #words(field) {
    const known = this.#known.get(field)
    if (known) return known
    const where = field === '' ? 'no-such-field:1' : `${field}:no-such-word`
    const asked = this.#connection.call('query/explain', { where }).then(
      () => [],
      (/** @type {CallError} */ { data }) => {
        // Not answered, or no such field: nothing is to be remembered.
        if (data.known === undefined || (field !== '' && data.word !== 'no-such-word')) this.#known.delete(field)
        return data.known === undefined || (field !== '' && data.word !== 'no-such-word') ? [] : data.known
      },
    )
    this.#known.set(field, asked)
    return asked
  }

  /** @param {string[]} words @param {(word: string) => void} choose */
  #offer(words, choose) {
    this.#chosen = -1
    this.#list.replaceChildren(
      ...words.map((word, at) => {
        const option = button(word, () => choose(word), { id: `query-word-${at}`, tabIndex: -1, role: 'option', ariaSelected: 'false' })
        return option
      }),
    )
    this.#list.hidden = words.length === 0
    this.#input.ariaExpanded = String(words.length > 0)
    this.#input.removeAttribute('aria-activedescendant')
  }

  #close() {
    this.#offer([], () => undefined)
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const options = /** @type {HTMLElement[]} */ ([...this.#list.children])
    const isOpen = options.length > 0
    if (isOpen && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault()
      const step = event.key === 'ArrowDown' ? 1 : -1
      this.#chosen = this.#chosen < 0 && step < 0 ? options.length - 1 : (this.#chosen + step + options.length) % options.length
      for (const [at, option] of options.entries()) option.ariaSelected = String(at === this.#chosen)
      this.#input.setAttribute('aria-activedescendant', `query-word-${this.#chosen}`)
      options[this.#chosen]?.scrollIntoView({ block: 'nearest' })
    } else if (isOpen && (event.key === 'Tab' || (event.key === 'Enter' && this.#chosen >= 0))) {
      event.preventDefault()
      options[Math.max(0, this.#chosen)]?.click()
    } else if (event.key === 'Enter') {
      event.preventDefault()
      this.#close()
      void this.#explain(++this.#typed, true)
    } else if (event.key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
      if (isOpen) this.#close()
      else this.dispatchEvent(new Event('leave'))
    }
  }
}
