/**
 * A subscription is a query and a clock; the store is its queue. Each page is sent and awaited before the next is read, a few of a client's
 * subscriptions at a time, so a client that reads slowly only lags: nothing is dropped and no memory grows.
 */
import { limitExceeded, notFound, toWire, WeirError } from '../../sdk/errors.ts'
import type { Params } from '../../sdk/protocol.ts'
import { type ChangePage, type ChangeTopic, type ChangeTopics, isNews } from '../session/change-topics.ts'
import { refuseMalformed } from '../session/clock.ts'
import { Turns } from '../thread/turns.ts'
import type { Caller } from './call.ts'

/** Of one client. */
const mostSubscriptions = 256
/** Pages that wait for one client to read them. */
const pagesAtOnce = 4
/** A client whose query matches nothing is told how far its clock is, so that it need not start over; at most so often, ms. */
const bookmarkMs = 1_000
/** The wait after a reading that failed for the moment, ms. */
const retryMs = 250

export class Subscriptions {
  readonly #topics: ChangeTopics
  readonly #byClient = new Map<Caller, ClientSubscriptions>()
  #ids = 0

  constructor(topics: ChangeTopics) {
    this.#topics = topics
  }

  /** Resolves once it is known to be possible; from then on the client is told. Rejects with 1004 tooManySubscriptions, and as exchange/list does. */
  async subscribe({ since, ...query }: Params<'exchange/subscribe'>, client: Caller, signal: AbortSignal): Promise<string> {
    if (since !== undefined) refuseMalformed(since)
    const { own, turns } = this.#of(client)
    if (own.size >= mostSubscriptions)
      throw limitExceeded('tooManySubscriptions', `a client may have ${mostSubscriptions} subscriptions; end some, or connect again`)
    const topic = this.#topics.open(query)
    try {
      const now = await topic.now(signal)
      const id = `s${++this.#ids}`
      const subscription = new Subscription(id, client, topic, turns, since ?? now)
      own.set(id, subscription)
      // The answer goes first.
      setImmediate(() => void subscription.run().finally(() => own.delete(id)))
      return id
    } catch (error) {
      topic.close()
      throw error
    }
  }

  /** Rejects with 1001 subscriptionNotFound. */
  unsubscribe(id: string, client: Caller): void {
    const subscription = this.#byClient.get(client)?.own.get(id)
    if (!subscription) throw notFound('subscriptionNotFound', 'this connection has no subscription of that id')
    subscription.end()
  }

  #of(client: Caller): ClientSubscriptions {
    const known = this.#byClient.get(client)
    if (known !== undefined) return known
    const all: ClientSubscriptions = { own: new Map(), turns: new Turns(pagesAtOnce) }
    this.#byClient.set(client, all)
    void client.closed.then(() => {
      this.#byClient.delete(client)
      for (const subscription of all.own.values()) subscription.end()
    })
    return all
  }
}

interface ClientSubscriptions {
  own: Map<string, Subscription>
  /** To read a page and send it. */
  turns: Turns
}

class Subscription {
  readonly #id: string
  readonly #client: Caller
  readonly #topic: ChangeTopic
  readonly #turns: Turns
  #clock: string
  #isOver = false
  /** Leaves what is waited for now. */
  #leave: () => void = () => undefined
  #toldAt = performance.now()

  constructor(id: string, client: Caller, topic: ChangeTopic, turns: Turns, clock: string) {
    this.#id = id
    this.#client = client
    this.#topic = topic
    this.#turns = turns
    this.#clock = clock
  }

  /** Until it is ended, its client is gone, or its session is. */
  async run(): Promise<void> {
    try {
      while (!this.#isOver) await this.#step()
    } finally {
      this.#topic.close()
    }
  }

  end(): void {
    this.#isOver = true
    this.#leave()
  }

  async #step(): Promise<void> {
    try {
      await this.#unlessEnded(this.#topic.changed(this.#clock))
      const over = await this.#turns.take()
      try {
        await this.#pass()
      } finally {
        over()
      }
    } catch (error) {
      await this.#failed(error)
    }
  }

  async #pass(): Promise<void> {
    if (this.#isOver) return
    const page = await this.#unlessEnded(this.#topic.next(this.#clock))
    if (page === null || !isNews(page, this.#clock)) return
    if (this.#isWorthTelling(page)) await this.#tell(page)
    this.#clock = page.clock
  }

  /** null: it was ended meanwhile. (A race with one promise for all of its life would hold on to every page for as long.) */
  #unlessEnded<Result>(waited: Promise<Result>): Promise<Result | null> {
    if (this.#isOver) return Promise.resolve(null)
    return new Promise((resolve, reject) => {
      this.#leave = () => resolve(null)
      waited.then(resolve, reject)
    })
  }

  #isWorthTelling({ items, deleted = [], reset }: ChangePage): boolean {
    return items.length > 0 || deleted.length > 0 || reset === true || performance.now() - this.#toldAt >= bookmarkMs
  }

  async #tell({ items, deleted = [], clock, reset }: ChangePage): Promise<void> {
    this.#toldAt = performance.now()
    const change = { subscriptionId: this.#id, items, deleted, clock, ...(reset && { reset }) }
    // A client that is gone ends all its subscriptions by itself.
    await this.#unlessEnded(this.#client.send('exchange/didChange', change).catch(() => this.end()))
  }

  /** What may pass is tried again; the rest is the client's to know, once. */
  async #failed(error: unknown): Promise<void> {
    if (this.#isOver) return
    const isPassing = error instanceof WeirError && (error.reason === 'threadLost' || error.reason === 'daemonStopping')
    if (isPassing) {
      await this.#unlessEnded(new Promise((resolve) => setTimeout(resolve, retryMs)))
      return
    }
    this.end()
    const last = { subscriptionId: this.#id, items: [], deleted: [], clock: this.#clock, ended: toWire(error) }
    await this.#client.send('exchange/didChange', last).catch(() => undefined)
  }
}
