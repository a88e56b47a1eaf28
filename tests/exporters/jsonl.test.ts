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
