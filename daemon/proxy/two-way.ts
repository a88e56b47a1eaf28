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
  /** What the connection broke with. */
  error?: Error
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

  /** Begins to read. @param passes what goes on for the bytes read */
  start(passes?: (bytes: Buffer) => Buffer): void {
    this.#from.on('data', passes ? (chunk: Buffer) => this.#pass(passes(chunk)) : (chunk: Buffer) => this.#pass(chunk))
    this.#from.resume()
  }

  #pass(chunk: Buffer): void {
    if (chunk.length === 0) return
    // The copy first: its time is then before whatever the other side does about these bytes, however long this thread is held up in between.
    let isCopied = true
    try {
      isCopied = this.#isFromClient ? this.#copy.fromClient(chunk) : this.#copy.fromOrigin(chunk)
    } finally {
      // Whatever becomes of the copy, the bytes pass.
      if (!this.#to.write(chunk)) {
        this.#writerBehind = true
        this.#from.pause()
      }
    }
    if (!isCopied) {
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

/** `finished` is called once, when both sides are closed. `passes`: what the origin gets for the client's bytes; the bytes themselves when absent. */
export function joinTwoWays(
  client: Side,
  origin: Side,
  copy: ConnectionCopy,
  finished: (end: TwoWayEnd) => void,
  passes?: (bytes: Buffer) => Buffer,
): void {
  let endedFirst: TwoWayEnd['by'] | null = null
  let broken: TwoWayEnd | null = null
  let open = 2

  const watch = (mine: Side, other: Side, name: TwoWayEnd['by']) => {
    const ended = () => {
      // A stream that is destroyed may say that it has ended.
      if (broken) return
      endedFirst ??= name
      if (name === 'client') copy.clientEnd()
      else copy.originEnd()
      other.stream.end()
    }
    // Each of these may have happened before anybody listened here.
    if (mine.stream.readableEnded) process.nextTick(ended)
    else mine.stream.on('end', ended)
    const broke = (error: Error) => {
      broken ??= { by: name, reset: isReset(error), error }
      reset(other)
    }
    mine.stream.on('error', broke)
    const closed = () => {
      if (mine.stream.errored) broke(mine.stream.errored)
      // Closed without an end of its own: what the other side got is not whole and must not look so. Or it takes nothing any more.
      if (!mine.stream.readableEnded || !mine.stream.writableFinished) {
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
  new Flow(client.stream, origin.stream, copy, 'client').start(passes)
  new Flow(origin.stream, client.stream, copy, 'origin').start()
}
