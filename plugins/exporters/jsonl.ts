/** JSON Lines (https://jsonlines.org): weir's own form, an exchange a line, from which nothing is missing. */
import { isUtf8 } from 'node:buffer'
import { type JsonlBody, type JsonlLine, jsonlVersion } from '../../sdk/jsonl.ts'
import type { Message } from '../../sdk/model.ts'
import { defineExporter, type ExportedExchange } from '../../sdk/plugin.ts'
import { PacedText } from './text/paced-text.ts'

const parts = ['request', 'response'] as const

const jsonl = defineExporter({
  kind: 'exporter',
  name: 'jsonl',
  version: '0.1.0',
  api: 1,
  redaction: 'off',
  follow: true,
  mediaType: 'application/x-ndjson',
  description: 'JSON Lines: each exchange as the RPC shows it, with bodies and messages, for scripts and other programs',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      bodies: { type: 'boolean', description: 'Write bodies, as they passed; true when absent.' },
      messages: { type: 'boolean', description: 'Write messages; true when absent.' },
      maxBodyBytes: { type: 'integer', minimum: 0, description: 'Of larger bodies only the size is written; 67108864 when absent.' },
    },
  },
  create({ bodies = true, messages = true, maxBodyBytes = 64 * 1024 * 1024 }) {
    return {
      async run({ exchanges, out }) {
        const text = new PacedText(out)
        for await (const exchange of exchanges) {
          const { readBody: _, streamBody: _stream, messages: read, ...plain } = exchange
          const line: JsonlLine = { weir: jsonlVersion, ...plain }
          // JSON.stringify writes lone surrogates as escapes, so a line is always UTF-8.
          text.add(JSON.stringify(line).slice(0, -1))
          if (bodies) await addBodies(text, exchange, maxBodyBytes)
          if (messages) await addMessages(text, read())
          text.add('}\n')
          if (text.isFull) await text.flush()
        }
        await text.flush()
      },
    }
  },
})

/** Of a body that is text whenever it can be, bytes: people read it. A larger one is whatever is shorter. */
const readableBytes = 1024 * 1024

async function addBodies(text: PacedText, exchange: ExportedExchange, maxBodyBytes: number): Promise<void> {
  let opening = ',"bodies":{'
  for (const part of parts) {
    const size = exchange[part]?.bodySize ?? 0
    if (size === 0) continue
    const body: JsonlBody | { leftOut: number } = size > maxBodyBytes ? { leftOut: size } : bodyOf(await exchange.readBody(part))
    text.add(`${opening}"${part}":${JSON.stringify(body)}`)
    opening = ','
    if (text.isFull) await text.flush()
  }
  if (opening === ',') text.add('}')
}

/** There may be millions of them: they go out as they are read. */
async function addMessages(text: PacedText, messages: AsyncIterable<Message>): Promise<void> {
  let opening = ',"messages":['
  for await (const message of messages) {
    text.add(opening + JSON.stringify(message))
    opening = ','
    if (text.isFull) await text.flush()
  }
  if (opening === ',') text.add(']')
}

function bodyOf(bytes: Uint8Array): JsonlBody {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isText = isUtf8(buffer) && (buffer.length <= readableBytes || escapedBytes(buffer) <= (buffer.length * 4) / 3)
  return isText ? { text: buffer.toString('utf8') } : { base64: buffer.toString('base64') }
}

/** What JSON makes of it: `\n` and the like for some characters, `\u0000` for other control characters. */
function escapedBytes(text: Buffer): number {
  let bytes = text.length
  for (const byte of text)
    if (byte < 0x20) bytes += shortEscapes.has(byte) ? 1 : 5
    else if (byte === 0x22 || byte === 0x5c) bytes++
  return bytes
}

const shortEscapes = new Set(Buffer.from('\b\t\n\f\r'))

export default jsonl
