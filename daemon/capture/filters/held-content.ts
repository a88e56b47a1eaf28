/** Bodies and messages that may not reach the session file before the filters have decided: copies in memory, within limits. */
import type { BodyRecord, MessageRecord } from '../../store/records.ts'

export interface HeldLimits {
  /** Of one body, or of the messages of one exchange. */
  partBytes: number
  /** Of all that is held of a session. */
  sessionBytes: number
}

/** Of one exchange. */
export interface HeldMessages {
  /** null: they were too many. */
  records: MessageRecord[] | null
  bytes: number
}

/** What a message takes beside its content, bytes. */
const messageOverhead = 200

const heldLimits: HeldLimits = { partBytes: 4 * 1024 * 1024, sessionBytes: 32 * 1024 * 1024 }

export class HeldContent {
  readonly #limits: HeldLimits
  #bytes = 0

  constructor(limits: HeldLimits = heldLimits) {
    this.#limits = limits
  }

  /** A body that cannot be held whole is not held at all, and says so (`truncated`): half of one could not be filtered. */
  add(body: BodyRecord, bytes: Buffer): void {
    if (body.truncated) return
    const { partBytes, sessionBytes } = this.#limits
    if (body.pendingBytes + bytes.length > partBytes || this.#bytes + bytes.length > sessionBytes) {
      this.release(body)
      body.truncated = true
      return
    }
    // A view would keep the whole batch.
    body.pending.push(Buffer.from(bytes))
    body.pendingBytes += bytes.length
    this.#bytes += bytes.length
  }

  /** Of messages that cannot be held whole none is. */
  addMessage(held: HeldMessages, message: MessageRecord): void {
    if (held.records === null) return
    const bytes = messageOverhead + (message.data?.length ?? 0) + 2 * (message.text?.length ?? 0)
    const { partBytes, sessionBytes } = this.#limits
    if (held.bytes + bytes > partBytes || this.#bytes + bytes > sessionBytes) {
      this.releaseMessages(held)
      return
    }
    // A view would keep the whole batch.
    held.records.push(message.data === null ? message : { ...message, data: Buffer.from(message.data) })
    held.bytes += bytes
    this.#bytes += bytes
  }

  releaseMessages(held: HeldMessages): void {
    this.#bytes -= held.bytes
    held.records = null
    held.bytes = 0
  }

  /** Lets go of what is held of it. */
  release(body: BodyRecord): void {
    this.#bytes -= body.pendingBytes
    body.pending = []
    body.pendingBytes = 0
  }
}
