/** A connection that cannot be followed any more because something failed inside: all that passes on it from then on is in one gap. */
import type { GapRecord } from '../store/records.ts'
import type { FollowedConnection } from './connection.ts'
import type { SessionRecorder } from './session-recorder.ts'

export class AbandonedConnection implements FollowedConnection {
  sink: SessionRecorder['way']
  readonly #session: SessionRecorder
  readonly #gap: GapRecord

  constructor(session: SessionRecorder, at: number) {
    this.sink = session.way
    this.#session = session
    this.#gap = { from: at, to: at, reason: 'notRecorded', exchanges: null, bytes: null }
    this.#missed(at)
  }

  fromClient(_bytes: Buffer, at: number): void {
    this.#missed(at)
  }

  fromOrigin(_bytes: Buffer, at: number): void {
    this.#missed(at)
  }

  gap(_gap: unknown, at: number): void {
    this.#missed(at)
  }

  closed(_closed: unknown, at: number): void {
    this.#missed(at)
  }

  stop(_failure: unknown, at: number): void {
    this.#missed(at)
  }

  clientEnd(at: number): void {
    this.#missed(at)
  }

  originEnd(at: number): void {
    this.#missed(at)
  }

  origin(_facts: unknown, at: number): void {
    this.#missed(at)
  }

  failed(_failure: unknown, at: number): void {
    this.#missed(at)
  }

  #missed(at: number): void {
    this.#session.extendGap(this.#gap, at)
  }
}
