/** A line of weir's own form of JSON Lines, as its exporter writes it and its importer reads it. */
import type { Exchange, Message, Part } from './model.ts'

/** Raised when a line changes in a way that its readers must know of. */
export const jsonlVersion = 1

/** Bytes as they passed: as text where they are UTF-8, and not longer than 1 MiB or no longer so in JSON than in base64; else base64. */
export type JsonlBody = { text: string } | { base64: string }

export interface JsonlLine extends Exchange {
  /** jsonlVersion. */
  weir: number
  /** Absent where there are none, and with `bodies: false`. */
  bodies?: { [P in Part]?: JsonlBody | { leftOut: number } }
  /** Of a WebSocket, server-sent events or a gRPC call; absent where there are none. */
  messages?: Message[]
}
