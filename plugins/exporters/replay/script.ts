/** Files that make the requests of a session again, one after another, written as they go. */
import type { ExportedExchange, ExporterRun } from '../../../sdk/plugin.ts'
import { isCut } from '../text/cut.ts'
import { PacedText } from '../text/paced-text.ts'

export interface Script {
  head: string
  /** What makes it; null: nothing can make it as it was. */
  request(exchange: ExportedExchange, body: Buffer): string | null
  tail: string
}

const noBody = Buffer.alloc(0)

/** Tunnels, WebSockets, requests that were cut, whose body is larger than `maxBodyBytes`, or that the script cannot make, are left out. */
export async function writeScript({ exchanges, out, leaveOut }: ExporterRun, maxBodyBytes: number, script: Script): Promise<void> {
  const text = new PacedText(out)
  text.add(script.head)
  for await (const exchange of exchanges) {
    const { request, kind } = exchange
    const fits = kind === 'http' && !isCut(exchange, 'request') && request.bodySize <= maxBodyBytes
    const written = fits ? script.request(exchange, await bodyOf(exchange)) : null
    if (written === null) leaveOut()
    else text.add(written)
    if (text.isFull) await text.flush()
  }
  text.add(script.tail)
  await text.flush()
}

async function bodyOf(exchange: ExportedExchange): Promise<Buffer> {
  if (exchange.request.bodySize === 0) return noBody
  const { buffer, byteOffset, byteLength } = await exchange.readBody('request')
  return Buffer.from(buffer, byteOffset, byteLength)
}
