/** What changes in a session, told once and in order, across lost connections: the clock says where to go on. */

import { isLost } from './connection.js'

/** @typedef {import('./connection.js').Connection} Connection */
/**
 * @typedef {object} Change
 * @property {import('../../sdk/model.ts').Exchange[]} items
 * @property {number[]} deleted
 * @property {string} clock
 * @property {boolean} [reset] the clock was too old: this begins anew
 * @property {import('./connection.js').RpcError} [ended] nothing more will come
 */

export class Subscription {
  /** @type {Connection} */ #connection
  /** @type {{sessionId: string, where: string, since: string}} */ #asked
  /** @type {(change: Change) => void} */ #apply
  /** @type {string | null} */ #id = null
  /** Came before the answer that names it was looked at. @type {(Change & {subscriptionId: string})[] | null} */ #early = null
  #ending = new AbortController()

  /**
   * @param {Connection} connection
   * @param {{sessionId: string, where: string, since: string}} asked
   * @param {(change: Change) => void} apply
   */
  constructor(connection, asked, apply) {
    this.#connection = connection
    this.#asked = { ...asked }
    this.#apply = apply
    const { signal } = this.#ending
    connection.addEventListener('exchange/didChange', (event) => this.#take(/** @type {CustomEvent} */ (event).detail), { signal })
    connection.addEventListener('state', () => void this.#start(), { signal })
    void this.#start()
  }

  end() {
    this.#ending.abort()
    // A connection that is gone took its subscriptions with it.
    if (this.#id !== null) this.#connection.call('exchange/unsubscribe', { subscriptionId: this.#id }).catch(() => undefined)
  }

  async #start() {
    this.#id = null
    if (this.#connection.state !== 'open') return
    this.#early = []
    try {
      const { subscriptionId } = await this.#connection.call('exchange/subscribe', this.#asked)
      this.#id = subscriptionId
      if (this.#ending.signal.aborted) return this.end()
      const early = this.#early ?? []
      this.#early = null
      for (const change of early) this.#take(change)
    } catch (error) {
      const failure = /** @type {import('./connection.js').CallError} */ (error)
      if (!isLost(error) && !this.#ending.signal.aborted)
        this.#apply({ items: [], deleted: [], clock: this.#asked.since, ended: { code: failure.code, message: failure.message } })
    }
  }

  /** @param {Change & {subscriptionId: string}} change */
  #take(change) {
    if (this.#early) this.#early.push(change)
    else if (change.subscriptionId === this.#id) {
      this.#asked.since = change.clock
      this.#apply(change)
    }
  }
}
