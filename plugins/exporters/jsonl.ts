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
          const written = bodies ? await bodiesOf(exchange, maxBodyBytes) : {}
          if (Object.keys(written).length > 0) line.bodies = written
          const inside = messages ? await all(read()) : []
          if (inside.length > 0) line.messages = inside
          // JSON.stringify writes lone surrogates as escapes, so a line is always UTF-8.
          text.add(`${JSON.stringify(line)}\n`)
          if (text.isFull) await text.flush()
        }
        await text.flush()
      },
    }
  },
})

async function bodiesOf(exchange: ExportedExchange, maxBodyBytes: number): Promise<NonNullable<JsonlLine['bodies']>> {
  const written: NonNullable<JsonlLine['bodies']> = {}
  for (const part of parts) {
    const size = exchange[part]?.bodySize ?? 0
    if (size === 0) continue
    written[part] = size > maxBodyBytes ? { leftOut: size } : bodyOf(await exchange.readBody(part))
  }
  return written
}

function bodyOf(bytes: Uint8Array): JsonlBody {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return isUtf8(buffer) ? { text: buffer.toString('utf8') } : { base64: buffer.toString('base64') }
}

async function all(messages: AsyncIterable<Message>): Promise<Message[]> {
  const found: Message[] = []
  for await (const message of messages) found.push(message)
  return found
}

export default jsonl
