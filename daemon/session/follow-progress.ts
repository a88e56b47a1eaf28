/** What the client of a followed export hears while it lasts. */
import type { Readable } from 'node:stream'
import { formatClock } from '../../sdk/clock.ts'
import type { Delivered, FromExporter } from '../plugin/exporter-messages.ts'

export interface FollowListener {
  signal: AbortSignal
  progress(value: unknown): void
  /** For what must arrive; null: the client does not listen. */
  tell: ((value: unknown) => Promise<void>) | null
}

/** Between two notices of progress, ms; and where there is nothing new. */
const newsMs = 200
const silenceMs = 5_000

/** How far it is. */
export class FollowProgress {
  readonly #sessionId: string
  readonly #listener: FollowListener
  #delivered: Delivered
  #told: Delivered | null = null
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(sessionId: string, since: number, listener: FollowListener) {
    this.#sessionId = sessionId
    this.#listener = listener
    this.#delivered = { exchanges: 0, bytes: 0, change: since, deleted: 0 }
  }

  get clock(): string {
    return formatClock(this.#sessionId, this.#delivered.change)
  }

  get now() {
    const { exchanges, bytes, deleted } = this.#delivered
    return { exchanges, bytes, clock: this.clock, ...(deleted > 0 && { deleted }) }
  }

  heard(message: FromExporter): void {
    if ('delivered' in message) this.#delivered = message.delivered
    if ('trouble' in message) this.#listener.progress({ ...this.now, trouble: message.trouble })
    else if ('delivered' in message || 'alive' in message) this.#tell()
  }

  #tell(): void {
    const now = performance.now()
    if (now - this.#toldAt < (this.#told === this.#delivered ? silenceMs : newsMs)) return
    this.#told = this.#delivered
    this.#toldAt = now
    this.#listener.progress(this.now)
  }
}

/** A client that is the reader: it is given the bytes, and a clock when it has all that lies before it. */
export class ClientReader {
  readonly #sessionId: string
  readonly #tell: (value: unknown) => Promise<void>
  #passed = 0
  /** Whose bytes are still on their way. */
  #ahead: Delivered[] = []

  constructor(sessionId: string, tell: (value: unknown) => Promise<void>) {
    this.#sessionId = sessionId
    this.#tell = tell
  }

  /** However slow it is. Rejects when it is gone. */
  async read(output: Readable): Promise<void> {
    for await (const bytes of output as AsyncIterable<Buffer>) {
      await this.#tell({ data: bytes.toString('base64') })
      this.#passed += bytes.length
      await this.#tellClock()
    }
  }

  heard(message: FromExporter): void {
    if (!('delivered' in message)) return
    this.#ahead.push(message.delivered)
    // A client that is gone shows in `read`.
    this.#tellClock().catch(() => undefined)
  }

  /** The last that it has all of. */
  async #tellClock(): Promise<void> {
    const reached = this.#ahead.findLastIndex(({ bytes }) => bytes <= this.#passed)
    const [last] = this.#ahead.splice(0, reached + 1).slice(-1)
    if (last === undefined) return
    const { change, exchanges } = last
    await this.#tell({ clock: formatClock(this.#sessionId, change), exchanges })
  }
}
