/** What goes to the recorder: in batches, one at a time. When too much waits for a recorder that is slow, the requests it has not heard of are left out, and it hears that. */
import { bytesOf } from '../../../sdk/held-size.ts'
import type { SourceEvent } from '../../../sdk/source.ts'
import type { BrowserClock } from './browser-clock.ts'

export interface OutboxOptions {
  clock: Pick<BrowserClock, 'now'>
  emit(events: readonly SourceEvent[]): Promise<void>
  /** Nothing is taken any more. */
  failed(error: unknown): void
  mostBytes?: number
}

const batchMs = 5
const batchBytes = 1024 * 1024
const mostWaitingBytes = 32 * 1024 * 1024

export class Outbox {
  readonly #options: OutboxOptions
  readonly #most: number
  #waiting: SourceEvent[] = []
  #bytes = 0
  /** Left out, whatever comes of them. */
  readonly #leftOut = new Set<string>()
  #flow: Promise<void> | null = null
  #isOver = false

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#most = options.mostBytes ?? mostWaitingBytes
  }

  readonly tell = (event: SourceEvent): void => {
    if (this.#isOver) return
    if ('id' in event && this.#leftOut.has(event.id)) {
      if (event.kind === 'end') this.#leftOut.delete(event.id)
      return
    }
    this.#add(event)
    if (this.#bytes > this.#most) this.#leaveOut()
    this.#flow ??= this.#send()
  }

  /** Resolves when all is taken, or nothing will be. */
  async flushed(): Promise<void> {
    while (this.#flow) await this.#flow
  }

  async #send(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        // What belongs together mostly comes together.
        await new Promise((resolve) => setTimeout(resolve, batchMs))
        while (this.#waiting.length > 0) await this.#options.emit(this.#takeBatch())
      }
    } catch (error) {
      this.#isOver = true
      this.#waiting = []
      this.#options.failed(error)
    } finally {
      this.#flow = null
    }
  }

  #takeBatch(): SourceEvent[] {
    let count = 0
    let bytes = 0
    for (const event of this.#waiting) {
      const more = bytesOf(event)
      if (count > 0 && bytes + more > batchBytes) break
      bytes += more
      count++
    }
    this.#bytes -= bytes
    return this.#waiting.splice(0, count)
  }

  #add(event: SourceEvent): void {
    this.#waiting.push(event)
    this.#bytes += bytesOf(event)
  }

  #leaveOut(): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#bytes = 0
    const from = this.#options.clock.now()
    const lost = { from, requests: 0 }
    const ended = new Set<string>()
    for (const event of waiting) {
      if (event.kind === 'request') {
        this.#leftOut.add(event.id)
        lost.requests++
        lost.from = Math.min(lost.from, event.at)
      } else if (!('id' in event)) this.#add(event)
      else if (this.#leftOut.has(event.id)) {
        if (event.kind === 'end') ended.add(event.id)
      } else if (event.kind === 'body') this.#add({ kind: 'more', id: event.id, view: bodyMarks[event.part] })
      else if (event.kind === 'message') lost.from = Math.min(lost.from, event.message.at)
      else this.#add(event)
    }
    for (const id of ended) this.#leftOut.delete(id)
    this.#add({ kind: 'lost', to: this.#options.clock.now(), ...lost })
  }
}

const bodyMarks = { request: { requestBody: 'partial' }, response: { responseBody: 'partial' } } as const
