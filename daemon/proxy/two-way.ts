/**
 * A client's connection joined to an origin's: bytes both ways as they come, no faster than the slower side and the
 * copy take them; half-closes, orderly ends and resets pass on.
 */
import type { Duplex } from 'node:stream'
import type { ConnectionCopy } from './connection-copy.ts'
import { isReset, reset, type Side } from './reset.ts'

/** What each side may hold unwritten before its sender is slowed down, bytes. */
export const highWaterMark = 256 * 1024

export interface TwoWayEnd {
  by: 'client' | 'origin'
  reset: boolean
}

/** One direction: pauses its reader while the writer or the copy is behind. */
class Flow {
  #from: Duplex
  #to: Duplex
  #copy: ConnectionCopy
  #isFromClient: boolean
  #writerBehind = false
  #copyBehind = false

  constructor(from: Duplex, to: Duplex, copy: ConnectionCopy, origin: 'client' | 'origin') {
    this.#from = from
    this.#to = to
    this.#copy = copy
    this.#isFromClient = origin === 'client'
    to.on('drain', () => this.#drained())
  }

  /** Begins to read. */
  start(): void {
    this.#from.on('data', (chunk: Buffer) => this.#pass(chunk))
    this.#from.resume()
  }

  #pass(chunk: Buffer): void {
    if (!this.#to.write(chunk)) {
      this.#writerBehind = true
      this.#from.pause()
    }
    if (!(this.#isFromClient ? this.#copy.fromClient(chunk) : this.#copy.fromOrigin(chunk))) {
      this.#copyBehind = true
      this.#from.pause()
      this.#copy.whenReleased(() => this.#copyReleased())
    }
  }

  #drained(): void {
    this.#writerBehind = false
    if (!this.#copyBehind) this.#from.resume()
  }

  #copyReleased(): void {
    this.#copyBehind = false
    if (!this.#writerBehind) this.#from.resume()
  }
}

/** `finished` is called once, when both sides are closed. */
export function joinTwoWays(client: Side, origin: Side, copy: ConnectionCopy, finished: (end: TwoWayEnd) => void): void {
  let endedFirst: TwoWayEnd['by'] | null = null
  let broken: TwoWayEnd | null = null
  let open = 2

  const watch = (mine: Side, other: Side, name: TwoWayEnd['by']) => {
    mine.stream.on('end', () => {
      endedFirst ??= name
      if (name === 'client') copy.clientEnd()
      else copy.originEnd()
      other.stream.end()
    })
    mine.stream.on('error', (error) => {
      broken ??= { by: name, reset: isReset(error) }
      reset(other)
    })
    const closed = () => {
      // Closed without an end of its own: what the other side got is not whole and must not look so.
      if (!mine.stream.readableEnded) {
        broken ??= { by: name, reset: true }
        reset(other)
      }
      open -= 1
      if (open === 0) finished(broken ?? { by: endedFirst ?? name, reset: false })
    }
    if (mine.stream.closed) process.nextTick(closed)
    else mine.stream.on('close', closed)
  }
  watch(client, origin, 'client')
  watch(origin, client, 'origin')
  new Flow(client.stream, origin.stream, copy, 'client').start()
  new Flow(origin.stream, client.stream, copy, 'origin').start()
}
