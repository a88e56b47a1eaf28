/**
 * The newest exchanges of one session, kept true by a subscription. Its clock outlives connections: after a lost one the list goes on
 * where it was, and nothing is missed. Knows nothing of VS Code.
 */

/** @typedef {import('./daemon.js').Daemon} Daemon */
/** @typedef {import('../../sdk/model.ts').Exchange} Exchange */
/**
 * @typedef {object} Change
 * @property {string} subscriptionId
 * @property {Exchange[]} items
 * @property {number[]} deleted
 * @property {string} clock
 * @property {boolean} [reset] the clock was too old: this begins anew
 * @property {{message: string}} [ended] nothing more will come
 */

export class LiveList {
  /** @type {string | null} */
  sessionId = null
  where = ''
  /** @type {string | null} */ #clock = null
  /** @type {string | null} */ #subscription = null
  /** @type {Map<number, Exchange>} */ #exchanges = new Map()
  /** What came while it was not yet known under which name. @type {Change[] | null} */ #early = null
  /** Counts the lists shown, so that an answer that comes late is known to be one. */
  #shown = 0
  /** @type {Daemon} */ #daemon
  /** @type {number} */ #most
  /** @type {(seqs: number[]) => void} */ #changed

  /**
   * @param {Daemon} daemon
   * @param {number} most exchanges that are kept
   * @param {(seqs: number[]) => void} changed hears which exchanges changed, after they did
   */
  constructor(daemon, most, changed) {
    this.#daemon = daemon
    this.#most = most
    this.#changed = changed
    daemon.on('exchange/didChange', (/** @type {Change} */ change) => this.#take(change))
  }

  /** Newest first. */
  get exchanges() {
    return [...this.#exchanges.values()].sort((a, b) => b.seq - a.seq)
  }

  /**
   * Shows another session, or another part of it.
   * @param {string | null} sessionId
   * @param {string} [where] a query
   */
  async show(sessionId, where = '') {
    const shown = ++this.#shown
    await this.#unsubscribe()
    if (shown !== this.#shown) return
    Object.assign(this, { sessionId, where })
    this.#clock = null
    this.#exchanges.clear()
    this.#changed([])
    await this.resume()
  }

  /** Goes on after a new connection. */
  async resume() {
    const { sessionId, where } = this
    if (sessionId === null) return
    const shown = this.#shown
    if (this.#clock === null) {
      const page = await this.#daemon.call('exchange/list', { sessionId, where, order: 'desc', limit: Math.min(1000, this.#most) })
      if (shown !== this.#shown) return
      this.#apply({ subscriptionId: '', items: page.items, deleted: [], clock: page.clock })
    }
    this.#subscription = null
    this.#early = []
    const early = this.#early
    const { subscriptionId } = await this.#daemon.call('exchange/subscribe', { sessionId, where, since: this.#clock })
    if (shown !== this.#shown) {
      await this.#daemon.call('exchange/unsubscribe', { subscriptionId })
      return
    }
    this.#subscription = subscriptionId
    this.#early = null
    for (const change of early) this.#take(change)
  }

  async #unsubscribe() {
    const subscriptionId = this.#subscription
    this.#subscription = null
    // A connection that is gone took its subscriptions with it.
    if (subscriptionId !== null && this.#daemon.state === 'connected') await this.#daemon.call('exchange/unsubscribe', { subscriptionId })
  }

  /** @param {Change} change */
  #take(change) {
    if (this.#early) this.#early.push(change)
    else if (change.subscriptionId === this.#subscription) this.#apply(change)
  }

  /** @param {Change} change */
  #apply({ items, deleted, clock, reset, ended }) {
    this.#clock = clock
    if (reset) this.#exchanges.clear()
    if (ended) {
      this.#subscription = null
      this.sessionId = null
      this.#exchanges.clear()
    }
    for (const seq of deleted) this.#exchanges.delete(seq)
    for (const item of items) this.#exchanges.set(item.seq, item)
    const beyond = [...this.#exchanges.keys()].sort((a, b) => b - a).slice(this.#most)
    for (const seq of beyond) this.#exchanges.delete(seq)
    this.#changed([...items.map(({ seq }) => seq), ...deleted])
  }
}
