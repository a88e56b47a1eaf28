/** A body whose length has to be known before its first byte goes out. It is read twice, so that it need not lie in memory. */
import type { Part } from '../../../sdk/model.ts'
import type { ExportedExchange } from '../../../sdk/plugin.ts'

export interface CountedBody {
  bytes: number
  /** So many of them, also where the body of a running session has grown since. */
  pieces(): AsyncIterable<Uint8Array>
}

/** As received. */
export async function countedBody(exchange: ExportedExchange, part: Part): Promise<CountedBody> {
  let bytes = 0
  for await (const piece of exchange.streamBody(part)) bytes += piece.length
  return { bytes, pieces: () => firstOf(exchange.streamBody(part), bytes) }
}

async function* firstOf(pieces: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes
  if (left === 0) return
  for await (const piece of pieces) {
    yield piece.length > left ? piece.subarray(0, left) : piece
    left -= piece.length
    if (left <= 0) return
  }
}
