/** Events on their way to the daemon: numbered, kept until they are acknowledged, bounded. Each is kept as the JSON that it is sent as. */

export interface QueueState {
  /** Number of the first event. */
  first: number
  events: string[]
  /** Requests that found no room, and when; messages, too, but they are not counted. */
  lost: { from: number; to: number; requests: number } | null
}

export interface Batch {
  from: number
  events: readonly string[]
}

/** chrome.storage.session has room for 10 MB in all. */
const mostCharacters = 6_000_000
/** Bodies of what has begun still find room. */
const mostCharactersOfBodies = 8_000_000
const batchEvents = 500
const batchCharacters = 2_000_000

export class EventQueue {
  #first: number
  #events: string[]
  #lost: QueueState['lost']
  #characters: number

  constructor(state: QueueState = { first: 1, events: [], lost: null }) {
    this.#first = state.first
    this.#events = [...state.events]
    this.#lost = state.lost
    this.#characters = state.events.reduce((sum, event) => sum + event.length, 0)
  }

  get length(): number {
    return this.#events.length
  }

  get lostRequests(): number {
    return this.#lost?.requests ?? 0
  }

  get state(): QueueState {
    return { first: this.#first, events: this.#events, lost: this.#lost }
  }

  /** Whether a request that begins now finds room; when not, it is counted as lost, and nothing of it should be added. */
  begins(at: number): boolean {
    if (this.#characters < mostCharacters) {
      this.#tellLost()
      return true
    }
    this.#lose(at, 1)
    return false
  }

  /** False: there is no room for this piece of a body, or this message, which is counted as lost then. All else is taken: a request that has begun is told of, and ends. */
  add(event: object): boolean {
    const { kind, message } = event as { kind?: string; message?: { at: number } }
    const text = JSON.stringify(event)
    if (kind === 'body' && this.#characters >= mostCharactersOfBodies) return false
    if (kind === 'message' && message && this.#characters + text.length > mostCharacters) {
      this.#lose(message.at, 0)
      return false
    }
    this.#push(text)
    return true
  }

  /** What is to be sent next; null: there is nothing. */
  next(): Batch | null {
    if (this.#events.length === 0) this.#tellLost()
    if (this.#events.length === 0) return null
    let characters = 0
    let count = 0
    for (const event of this.#events.slice(0, batchEvents)) {
      characters += event.length
      if (count > 0 && characters > batchCharacters) break
      count++
    }
    return { from: this.#first, events: this.#events.slice(0, count) }
  }

  /** All up to this number have arrived. */
  acknowledge(number: number): void {
    const count = Math.min(this.#events.length, Math.max(0, number + 1 - this.#first))
    for (const event of this.#events.splice(0, count)) this.#characters -= event.length
    this.#first += count
  }

  /** Another source begins to count anew: what has not arrived goes to it, and before that what it has to know. */
  renumber(before: readonly object[]): void {
    this.#first = 1
    const waiting = new Set(this.#events)
    const earlier = before.map((event) => JSON.stringify(event)).filter((event) => !waiting.has(event))
    this.#events = [...earlier, ...this.#events]
    this.#characters += earlier.reduce((sum, event) => sum + event.length, 0)
  }

  /** The daemon does not take this one: it is said to be lost. @param index in the batch that is next */
  giveUp(index: number, at: number): void {
    const text = JSON.stringify({ kind: 'lost', from: at, to: at, requests: 1 })
    this.#characters += text.length - (this.#events[index]?.length ?? 0)
    this.#events[index] = text
  }

  clear(): void {
    this.#first = 1
    this.#events = []
    this.#lost = null
    this.#characters = 0
  }

  #lose(at: number, more: number): void {
    const { from = at, requests = 0 } = this.#lost ?? {}
    this.#lost = { from, to: at, requests: requests + more }
  }

  #tellLost(): void {
    if (this.#lost === null) return
    const { from, to, requests } = this.#lost
    this.#lost = null
    this.#push(JSON.stringify({ kind: 'lost', from, to, requests }))
  }

  #push(text: string): void {
    this.#events.push(text)
    this.#characters += text.length
  }
}
