/** The forwarder's view of a client's connection: it reads while nobody holds it. */
import type { Arrival } from './arrival.ts'
import { isReset } from './reset.ts'

interface ClientEvents {
  onBytes(chunk: Buffer): void
  /** The client ended its direction. */
  onEnd(): void
  onDrain(): void
  /** The connection is gone. `cut`: by a reset, or without an end. */
  onClose(cut: boolean): void
}

type Reason = 'writer' | 'copy' | 'waiting'

export class ClientSide {
  #arrival: Arrival
  #holds = new Set<Reason>()
  #reset = false
  #removals: (() => void)[] = []

  constructor(arrival: Arrival) {
    this.#arrival = arrival
  }

  start(events: ClientEvents): void {
    const { stream } = this.#arrival
    const listen = (event: string, listener: (chunk: Buffer) => void) => {
      stream.on(event, listener)
      this.#removals.push(() => stream.off(event, listener))
    }
    listen('data', (chunk) => events.onBytes(chunk))
    listen('end', () => events.onEnd())
    listen('drain', () => events.onDrain())
    stream.on('error', (error) => {
      this.#reset ||= isReset(error)
    })
    stream.once('close', () => events.onClose(this.#reset || !stream.readableEnded))
    stream.resume()
  }

  /** Somebody else reads and writes from now on; `onClose` is still told. */
  leave(): void {
    for (const remove of this.#removals) remove()
    this.#holds.clear()
  }

  hold(reason: Reason): void {
    this.#holds.add(reason)
    this.#arrival.stream.pause()
  }

  release(reason: Reason): void {
    if (this.#holds.delete(reason) && this.#holds.size === 0) this.#arrival.stream.resume()
  }

  /** Puts on record what the client sent. */
  copy(bytes: Buffer): void {
    const { copy } = this.#arrival
    if (copy.fromClient(bytes)) return
    this.hold('copy')
    copy.whenReleased(() => this.release('copy'))
  }
}
