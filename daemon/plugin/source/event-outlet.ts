/** The way out of a source's process: a few messages of events are under way at a time, the rest waits here, within a bound. */
import { bytesOf } from '../../../sdk/held-size.ts'
import type { SourceEvent } from '../../../sdk/source.ts'

/** Of one message. */
const messageBytes = 1024 * 1024
/** So many that were not taken yet. */
const messagesUnderWay = 4
export const mostWaitingBytes = 64 * 1024 * 1024

export interface EventOutletOptions {
  send(events: readonly SourceEvent[]): void
  /** Once: more waits than may. */
  flooded(): void
}

interface Waiting {
  event: SourceEvent
  bytes: number
}

export class EventOutlet {
  readonly #options: EventOutletOptions
  #queue: Waiting[] = []
  /** Of each message under way: how many events, and bytes. */
  #underWay: { events: number; bytes: number }[] = []
  #waitingBytes = 0
  #emitted = 0
  #taken = 0
  #promises: { upTo: number; resolve(): void; reject(error: Error): void }[] = []
  #closed: Error | null = null

  constructor(options: EventOutletOptions) {
    this.#options = options
  }

  /** Resolves when all of them are taken. */
  emit(events: readonly SourceEvent[]): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closed)
    for (const event of events) {
      const bytes = bytesOf(event)
      this.#queue.push({ event, bytes })
      this.#waitingBytes += bytes
    }
    this.#emitted += events.length
    if (this.#waitingBytes > mostWaitingBytes) {
      this.close(new Error('more than 64 MiB of events wait: the source is ended'))
      this.#options.flooded()
      return Promise.reject(this.#closed)
    }
    const done = this.drained()
    this.#flow()
    return done
  }

  /** Resolves when all that was emitted so far is taken. */
  drained(): Promise<void> {
    const upTo = this.#emitted
    if (upTo === this.#taken) return Promise.resolve()
    return new Promise((resolve, reject) => this.#promises.push({ upTo, resolve, reject }))
  }

  /** The oldest messages that are under way have been taken. */
  taken(messages: number): void {
    for (const { events, bytes } of this.#underWay.splice(0, messages)) {
      this.#taken += events
      this.#waitingBytes -= bytes
    }
    while (this.#promises[0] && this.#promises[0].upTo <= this.#taken) this.#promises.shift()?.resolve()
    this.#flow()
  }

  /** Nothing more is taken. */
  close(error: Error): void {
    this.#closed ??= error
    this.#queue = []
    for (const { reject } of this.#promises.splice(0)) reject(error)
  }

  #flow(): void {
    while (this.#queue.length > 0 && this.#underWay.length < messagesUnderWay) {
      let bytes = 0
      let events = 0
      for (const waiting of this.#queue) {
        if (events > 0 && bytes + waiting.bytes > messageBytes) break
        bytes += waiting.bytes
        events++
      }
      this.#underWay.push({ events, bytes })
      this.#options.send(this.#queue.splice(0, events).map(({ event }) => event))
    }
  }
}
