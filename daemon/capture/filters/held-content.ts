/** Bodies and messages that may not reach the session file before the filters have decided: copies in memory, decoded ones for the filters too, within limits. */
import { decodeContentAtOnce } from '../../store/content-decoding.ts'
import type { BodyRecord, MessageRecord } from '../../store/records.ts'

export interface HeldLimits {
  /** Of one body, or of the messages of one exchange. */
  partBytes: number
  /** Of all that is held of a session. */
  sessionBytes: number
  /** Of one body once it is decoded. */
  decodedPartBytes: number
  /** Of all decoded bodies of a session that filters have not decided on. */
  decodedBytes: number
}

/** Of one exchange. */
export interface HeldMessages {
  /** null: they were too many. */
  records: MessageRecord[] | null
  bytes: number
}

/** Of one exchange: its decoded bodies. */
export interface HeldDecoded {
  bytes: number
}

/** What a message takes beside its content, bytes. */
const messageOverhead = 200

const mebibyte = 1024 * 1024
const heldLimits: HeldLimits = {
  partBytes: 4 * mebibyte,
  sessionBytes: 32 * mebibyte,
  decodedPartBytes: 8 * mebibyte,
  decodedBytes: 64 * mebibyte,
}

export class HeldContent {
  readonly #limits: HeldLimits
  #bytes = 0
  #decodedBytes = 0

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

  /** What filters are given of an encoded body, counted until it is released; null: it cannot be decoded, or there is no room for it. */
  decode(held: HeldDecoded, bytes: Uint8Array, codings: readonly string[]): Uint8Array | null {
    const { decodedPartBytes, decodedBytes } = this.#limits
    const most = Math.min(decodedPartBytes, decodedBytes - this.#decodedBytes)
    if (most <= 0) return null
    try {
      const plain = decodeContentAtOnce(bytes, codings, { cut: false, most })
      held.bytes += plain.length
      this.#decodedBytes += plain.length
      return plain
    } catch {
      return null
    }
  }

  releaseDecoded(held: HeldDecoded): void {
    this.#decodedBytes -= held.bytes
    held.bytes = 0
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
