import { Writable } from 'node:stream'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import jsonl from '../../plugins/exporters/jsonl.ts'
import type { JsonlBody, JsonlLine } from '../../sdk/jsonl.ts'
import { Exchange, Message } from '../../sdk/model.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { Validator } from '../../sdk/validation.ts'
import { exported, exportText } from '../support/exported.ts'

const validator = new Validator()

async function linesOf(exchanges: ExportedExchange[], options = {}): Promise<JsonlLine[]> {
  const { text } = await exportText(jsonl, exchanges, options)
  expect(text.endsWith('\n')).toBe(true)
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonlLine)
}

const bytesOf = (body: JsonlBody): Buffer => ('text' in body ? Buffer.from(body.text) : Buffer.from(body.base64, 'base64'))

it('any exchange is a line that has all of it, bodies byte for byte', async () => {
  const text = fc.string({ unit: 'binary' })
  const body = fc.oneof(
    fc.uint8Array({ minLength: 1 }),
    fc.string({ unit: 'grapheme', minLength: 1 }).map((some) => Buffer.from(some)),
  )
  await fc.assert(
    fc.asyncProperty(text, text, body, body, async (path, value, request, response) => {
      const exchange = exported({ request: { url: `https://a.test/${path}`, headers: [['X-A', value]] } }, { request, response })
      const [line] = (await linesOf([exchange])) as [JsonlLine]
      expect(line).toMatchObject({ weir: 1, seq: 1, request: { url: `https://a.test/${path}`, headers: [['X-A', value]] } })
      expect(validator.check(Exchange, line)).toEqual([])
      expect(bytesOf(line.bodies?.request as JsonlBody).equals(request)).toBe(true)
      expect(bytesOf(line.bodies?.response as JsonlBody).equals(response)).toBe(true)
    }),
  )
})

it('messages lie in the line of their exchange', async () => {
  const message = { index: 0, at: 1, direction: 'sent', type: 'text', text: 'hello\n', size: 6 } as const
  const [line] = (await linesOf([exported({ kind: 'websocket' }, { messages: [message] })])) as [JsonlLine]
  expect(line.messages).toEqual([message])
  expect(validator.check(Message, line.messages?.[0])).toEqual([])
})

it('leaves out what is not wanted, and says how much of a body', async () => {
  const message = { index: 0, at: 1, direction: 'sent', type: 'text', text: 'hello', size: 5 } as const
  const exchange = exported({}, { response: Buffer.from('12345'), messages: [message] })
  const [bare] = (await linesOf([exchange], { bodies: false, messages: false })) as [JsonlLine]
  expect(bare).not.toHaveProperty('bodies')
  expect(bare).not.toHaveProperty('messages')
  const [short] = (await linesOf([exchange], { maxBodyBytes: 4 })) as [JsonlLine]
  expect(short.bodies).toEqual({ response: { leftOut: 5 } })
})

it('a large body is whatever is shorter in the line', async () => {
  const size = 1024 * 1024 + 1
  const bodyOf = async (body: Buffer) => ((await linesOf([exported({}, { response: body })])) as [JsonlLine])[0].bodies?.response
  const readable = Buffer.alloc(size, 'a line of text\n')
  expect(await bodyOf(readable)).toEqual({ text: readable.toString() })
  const zeros = Buffer.alloc(size)
  expect(await bodyOf(zeros)).toEqual({ base64: zeros.toString('base64') })
  const few = zeros.subarray(0, 10)
  expect(await bodyOf(few)).toEqual({ text: few.toString() })
})

it('messages go out as they are read', async () => {
  const [count, piece] = [2_000, 'x'.repeat(1000)]
  let given = 0
  let ahead = 0
  const exchange = {
    ...exported({ kind: 'websocket' }),
    async *messages(): AsyncGenerator<Message> {
      for (; given < count; given++) yield { index: given, at: 1, direction: 'sent', type: 'text', text: piece, size: piece.length }
    },
  }
  let text = ''
  let seen = 0
  const out = new Writable({
    decodeStrings: false,
    write(written: string, _encoding, done) {
      text += written
      ahead = Math.max(ahead, given - seen)
      seen = given
      done()
    },
  })
  const exporter = jsonl.create({} as never, { log: () => undefined, signal: new AbortController().signal, dataDir: '' })
  await exporter.run({
    exchanges: (async function* () {
      yield exchange
    })(),
    out,
  } as never)
  expect((JSON.parse(text) as JsonlLine).messages).toHaveLength(count)
  expect(ahead).toBeLessThan(200)
})
