/** Bodies as web streams. */
import type { Client } from './client-core.ts'
import type { Part } from './model.ts'
import type { Redact } from './redaction/settings.ts'

export interface BodyOptions {
  sessionId: string
  seq: number
  part: Part
  /** Undo Content-Encoding. */
  decode?: boolean
  /** What is hidden of it. */
  redact?: Redact
}

/** How long one call waits for more of a body that still comes, ms. */
const waitMs = 60_000

/**
 * What is on record of a body and, while its exchange is open, what still comes of it; of a truncated one what was kept. It is read at the pace
 * of its reader, 1 MiB at a time, and no further once it is cancelled. It fails as exchange/readBody does.
 */
export function bodyStream(client: Client, { sessionId, seq, part, decode, redact }: BodyOptions): ReadableStream<Uint8Array> {
  const reading = new AbortController()
  const { signal } = reading
  let offset = 0
  const range = async () => {
    const wanted = { sessionId, seq, part, offset, ...(decode !== undefined && { decode }), ...(redact !== undefined && { redact }) }
    const { data, eof } = await client.call('exchange/readBody', wanted, { signal })
    const bytes = fromBase64(data)
    offset += bytes.length
    return { bytes, eof }
  }
  return new ReadableStream(
    {
      async pull(controller) {
        let { bytes, eof } = await range()
        while (bytes.length === 0 && !eof) {
          const { clock } = await client.call('exchange/list', { sessionId, order: 'desc', limit: 1 }, { signal })
          // What came before that clock is read, what comes after it is waited for.
          ;({ bytes, eof } = await range())
          if (bytes.length > 0 || eof) break
          await client.call('exchange/wait', { sessionId, where: `seq:${seq}`, since: clock, timeoutMs: waitMs }, { signal })
        }
        if (bytes.length > 0) controller.enqueue(bytes)
        if (eof) controller.close()
      },
      cancel: () => reading.abort(),
    },
    { highWaterMark: 0 },
  )
}

/** Browsers have no Buffer, which is much quicker. */
function fromBase64(data: string): Uint8Array<ArrayBuffer> {
  if (typeof Buffer !== 'undefined') return new Uint8Array(Buffer.from(data, 'base64'))
  return Uint8Array.from(atob(data), (character) => character.charCodeAt(0))
}
