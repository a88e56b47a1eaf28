/** What carries the messages of one client, whichever transport it belongs to. */
import type { WireError } from '../../sdk/errors.ts'
import type { Message } from '../../sdk/json-rpc.ts'
import type { IncomingMessage } from './message.ts'

export interface WireListener {
  message(message: IncomingMessage): void
  /** What came is no message. No more is handed on. */
  failed(error: Error): void
  /** The other side has said its last word; it may still listen. */
  ended(): void
}

export interface Wire {
  /** Resolves when it is closed, both ways. */
  readonly closed: Promise<void>
  /** Whether the other side can still be told something. */
  readonly isOpen: boolean
  /** Written, and not taken by the other side yet. */
  readonly unreadBytes: number
  /** Something has come that is no message yet. */
  readonly isReading: boolean
  /** Once: messages come from now on. */
  listen(listener: WireListener): void
  /** Reads no more from the other side until `resume`. */
  pause(): void
  resume(): void
  /** Resolves when the other side has taken it. */
  write(message: Message): Promise<void>
  /** What cannot be answered as a request gets this last word without an id; then it closes. */
  refuse(error: WireError): void
  /** Closes once what was written has left. */
  end(): void
  destroy(): void
}
