/**
 * The exchanges of a session that match a query, as rows 0 to total - 1 in the order of their seqs. However many they are, a bounded number of
 * them is here: blocks that are looked at, found by seq. Which seq stands at a row follows from rows that are known: by counting, where there
 * are as many seqs between two of them as rows; else by a guess and exchange/count, which says at which row the guess stands.
 */
import { isLost } from './connection.js'
import { Subscription } from './subscription.js'

/** @typedef {import('../../sdk/model.ts').Exchange} Exchange */
/** @typedef {import('./connection.js').Connection} Connection */
/**
 * @typedef {object} Block rows of one stretch
 * @property {Exchange[]} items
 * @property {boolean} isStale shown until they were read again
 */

const blockRows = 100
const mostBlocks = 60
const mostAnchors = 4000
/** A guess that stands so far before the wanted row is near enough to read on from. */
const nearRows = 400
/** Between two looks at whether rows came or went amid the others, ms; longer where counting takes long. */
const recountMs = 500

export class Exchanges extends EventTarget {
  sessionId = ''
  where = ''
  total = 0
  /** Why the session cannot be shown any more. */
  problem = ''
  #lastSeq = 0
  /** By number; the one looked at last is the last. @type {Map<number, Block>} */ #blocks = new Map()
  /** Row by seq, of rows that are here. @type {Map<number, number>} */ #rows = new Map()
  /** Seq by row, of rows that are known. @type {Map<number, number>} */ #anchors = new Map()
  /** @type {number[]} */ #wanted = []
  #isReading = false
  /** Counts what made everything before it wrong. */
  #age = 0
  /** @type {number | undefined} */ #recounting
  #recountPause = recountMs
  /** Rows came or went amid the others since they were last counted. */
  #isDisturbed = false
  /** Some are known to have: others may stand here, though they be as many. */
  #isMoved = false
  /** What is to be shown; another object with each time it is asked for. */
  #asked = { sessionId: '', where: '' }
  /** It is not shown yet. */
  #isOwed = false
  /** @type {Connection} */ #connection
  /** @type {Subscription | null} */ #subscription = null

  /**
   * Emits `show` when what was asked for is shown, with whether something else was before; `change` when rows or their number have changed,
   * and `item` with an exchange that came.
   * @param {Connection} connection
   */
  constructor(connection) {
    super()
    this.#connection = connection
    connection.addEventListener('state', () => {
      if (connection.state !== 'open') return
      if (this.#isOwed) void this.#showAnew()
      if (this.#isDisturbed) this.#recountSoon()
      void this.#pump()
    })
  }

  /**
   * Shows it now, or as soon as there is a connection; unless something else is asked for meanwhile. Rejects with what exchange/list refuses.
   * @param {string} sessionId
   * @param {string} where a query
   */
  async show(sessionId, where) {
    const asked = { sessionId, where }
    this.#asked = asked
    this.#isOwed = true
    try {
      await this.#show(asked)
    } catch (error) {
      if (asked !== this.#asked || isLost(error)) return
      this.#isOwed = false
      this.#asked = this.#query
      throw error
    }
  }

  /** Shows nothing. */
  clear() {
    this.#asked = { sessionId: '', where: '' }
    this.#become(this.#asked, 0, 0)
    this.#changed()
  }

  /** @param {{sessionId: string, where: string}} asked */
  async #show(asked) {
    const { sessionId, where } = asked
    const newest = await this.#list({ sessionId, where, order: 'desc', limit: blockRows })
    const lastSeq = newest.items[0]?.seq ?? 0
    const total = lastSeq === 0 ? 0 : await this.#rank(lastSeq, { sessionId, where })
    const [first] = total > 0 ? (await this.#list({ sessionId, where, limit: 1 })).items : []
    if (asked !== this.#asked) return
    const isOther = sessionId !== this.sessionId || where !== this.where
    this.#become(asked, total, lastSeq)
    if (first) this.#anchor(0, first.seq)
    this.#put(total - newest.items.length, newest.items.reverse())
    this.#subscription = new Subscription(this.#connection, { sessionId, where, since: newest.clock }, (change) => this.#apply(change))
    this.dispatchEvent(new CustomEvent('show', { detail: isOther }))
    this.#changed()
  }

  /** @param {{sessionId: string, where: string}} asked @param {number} total @param {number} lastSeq */
  #become({ sessionId, where }, total, lastSeq) {
    this.#subscription?.end()
    this.#subscription = null
    Object.assign(this, { sessionId, where, total, problem: '' })
    this.#lastSeq = lastSeq
    this.#isOwed = false
    this.#isDisturbed = false
    this.#isMoved = false
    this.#age++
    this.#forget()
    this.#blocks.clear()
  }

  /** @param {number} index @returns {Exchange | undefined} undefined: not here yet; `want` brings it */
  row(index) {
    return this.#blocks.get(Math.floor(index / blockRows))?.items[index % blockRows]
  }

  /** The row of a seq that is here. @param {number} seq */
  rowOf(seq) {
    return this.#rows.get(seq)
  }

  /** Says which rows are looked at. @param {number} first @param {number} last */
  want(first, last) {
    const numbers = []
    for (let number = Math.floor(first / blockRows); number * blockRows <= Math.min(last, this.total - 1); number++) {
      const block = this.#blocks.get(number)
      if (block) {
        this.#blocks.delete(number)
        this.#blocks.set(number, block)
      }
      if (!this.#isWhole(number)) numbers.push(number)
    }
    this.#wanted = numbers
    void this.#pump()
  }

  /** @param {number} number */
  #isWhole(number) {
    const block = this.#blocks.get(number)
    const rows = Math.min(blockRows, this.total - number * blockRows)
    if (!block || block.isStale) return false
    for (let at = 0; at < rows; at++) if (!block.items[at]) return false
    return true
  }

  async #pump() {
    if (this.#isReading) return
    this.#isReading = true
    let age = this.#age
    try {
      for (;;) {
        age = this.#age
        const number = this.#wanted.find((each) => each * blockRows < this.total && !this.#isWhole(each))
        if (number === undefined || this.#connection.state !== 'open') return
        if (!(await this.#readBlock(number))) return
        this.#changed()
      }
    } catch (error) {
      if (age === this.#age && !isLost(error)) this.#fail(error)
    } finally {
      this.#isReading = false
    }
  }

  /** @param {number} number @returns {Promise<boolean>} false: nothing is there, whatever was known */
  async #readBlock(number) {
    const age = this.#age
    const from = number * blockRows
    const start = await this.#before(from)
    if (age !== this.#age) return true
    let { row, seq } = start
    const wanted = Math.min(from + blockRows, this.total)
    while (row < wanted) {
      const { items } = await this.#list({ ...this.#query, after: seq, limit: wanted - row })
      if (age !== this.#age) return true
      if (items.length === 0) {
        // Fewer are there than were counted: some were deleted since.
        this.#recountSoon()
        return false
      }
      this.#put(row, items)
      row += items.length
      seq = items.at(-1)?.seq ?? seq
    }
    return true
  }

  /**
   * A place to read on from to get to a row.
   * @param {number} wanted
   * @returns {Promise<{row: number, seq: number}>} the row that follows the seq
   */
  async #before(wanted) {
    if (wanted === 0) return { row: 0, seq: 0 }
    const age = this.#age
    for (let tries = 0; ; tries++) {
      let low = { row: -1, seq: 0 }
      let high = { row: this.total, seq: this.#lastSeq + 1 }
      for (const [row, seq] of this.#anchors) {
        if (row < wanted && row > low.row) low = { row, seq }
        if (row >= wanted && row < high.row) high = { row, seq }
      }
      if (wanted - 1 - low.row <= nearRows) return { row: low.row + 1, seq: low.seq }
      const rows = high.row - low.row
      const seqs = high.seq - low.seq
      // Nothing is missing between them.
      if (rows === seqs) return { row: wanted, seq: low.seq + wanted - 1 - low.row }
      const aimed = tries < 8 ? (wanted - nearRows / 2 - low.row) / rows : 0.5
      const guess = Math.min(high.seq - 1, Math.max(low.seq + 1, low.seq + Math.floor(seqs * aimed)))
      const rank = await this.#rank(guess)
      if (age !== this.#age) return { row: 0, seq: 0 }
      if (rank <= wanted && wanted - rank <= nearRows) return { row: rank, seq: guess }
      // No row need have that seq: as a bound for guesses it serves all the same.
      this.#anchors.set(rank - 1, guess)
    }
  }

  /** How many rows there are up to a seq. @param {number} seq */
  async #rank(seq, { sessionId, where } = this.#query) {
    const upTo = where.trim() === '' ? `seq:<=${seq}` : `(${where}) seq:<=${seq}`
    return (await this.#connection.call('exchange/count', { sessionId, where: upTo })).count
  }

  get #query() {
    return { sessionId: this.sessionId, where: this.where }
  }

  /** @param {object} params */
  #list(params) {
    return this.#connection.call('exchange/list', params)
  }

  /** @param {number} index @param {Exchange[]} items */
  #put(index, items) {
    items.forEach((item, at) => {
      const row = index + at
      const number = Math.floor(row / blockRows)
      let block = this.#blocks.get(number)
      if (!block || block.isStale) {
        block = { items: [], isStale: false }
        this.#blocks.delete(number)
        this.#blocks.set(number, block)
      }
      block.items[row % blockRows] = item
      this.#rows.set(item.seq, row)
    })
    const last = items.at(-1)
    if (last) this.#anchor(index + items.length - 1, last.seq)
    for (const [number, { items: dropped }] of this.#blocks) {
      if (this.#blocks.size <= mostBlocks) break
      this.#blocks.delete(number)
      for (const item of dropped) if (item) this.#rows.delete(item.seq)
    }
  }

  /** @param {number} row @param {number} seq */
  #anchor(row, seq) {
    if (this.#anchors.size >= mostAnchors) {
      const first = this.#anchors.get(0)
      this.#anchors.clear()
      if (first !== undefined) this.#anchors.set(0, first)
    }
    this.#anchors.set(row, seq)
  }

  /** Rows are no longer what they were; what is here is shown until it was read again. */
  #forget() {
    this.#rows.clear()
    this.#anchors.clear()
    for (const block of this.#blocks.values()) block.isStale = true
  }

  /** @param {import('./subscription.js').Change} change */
  #apply({ items, deleted, reset, ended }) {
    if (ended) return this.#fail(new Error(ended.message))
    if (reset) return void this.#showAnew()
    const isQueried = this.where.trim() !== ''
    let isDisturbed = deleted.length > 0
    if (isDisturbed) this.#isMoved = true
    for (const item of items.toSorted((a, b) => a.seq - b.seq)) {
      const row = this.#rows.get(item.seq)
      if (row !== undefined) {
        const block = this.#blocks.get(Math.floor(row / blockRows))
        if (block) block.items[row % blockRows] = item
      } else if (item.seq > this.#lastSeq) this.#append(item)
      else {
        // It may stand there already, or match only now, maybe in place of another.
        isDisturbed = true
        if (isQueried) this.#isMoved = true
      }
      this.dispatchEvent(new CustomEvent('item', { detail: item }))
    }
    // With a query rows also go, unsaid, when they no longer match.
    if (isDisturbed || isQueried) this.#recountSoon()
    if (items.length > 0) this.#changed()
  }

  /** What was asked for last, which need not be what is shown. */
  async #showAnew() {
    try {
      await this.show(this.#asked.sessionId, this.#asked.where)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** @param {Exchange} item */
  #append(item) {
    const row = this.total++
    this.#lastSeq = item.seq
    if (row === 0) this.#anchor(0, item.seq)
    if (row % blockRows === 0 || this.#blocks.get(Math.floor(row / blockRows))?.isStale === false) this.#put(row, [item])
  }

  #recountSoon() {
    this.#isDisturbed = true
    this.#recounting ??= setTimeout(() => void this.#recount(), this.#recountPause)
  }

  async #recount() {
    const isMoved = this.#isMoved
    this.#isDisturbed = false
    this.#isMoved = false
    const age = this.#age
    const before = this.total
    const began = performance.now()
    try {
      const counted = this.#lastSeq === 0 ? 0 : await this.#rank(this.#lastSeq)
      this.#recountPause = Math.max(recountMs, 4 * (performance.now() - began))
      if (age !== this.#age) {
        // Shown anew meanwhile.
        this.#isDisturbed = true
        return
      }
      // What came behind them meanwhile was appended.
      const total = counted + this.total - before
      if (total === this.total && !isMoved) return
      this.total = total
      this.#age++
      this.#forget()
      this.#changed()
    } catch (error) {
      if (isLost(error)) {
        this.#isDisturbed = true
        this.#isMoved ||= isMoved
      } else if (age === this.#age) this.#fail(error)
    } finally {
      this.#recounting = undefined
      if (this.#isDisturbed && this.#connection.state === 'open') this.#recountSoon()
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    this.problem = error instanceof Error ? error.message : String(error)
    this.#changed()
  }

  #changed() {
    this.dispatchEvent(new Event('change'))
  }
}
