/** weir messages, and show of an exchange that has some. */
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { describeMessage } from '../../daemon/cli/message-text.ts'
import { Output } from '../../daemon/cli/output.ts'
import type { Message } from '../../sdk/model.ts'
import { startCaller } from '../support/caller.ts'
import { startOrigin } from '../support/origin.ts'

test('of a stream of events, a line each, and JSON', async () => {
  const { weir, json } = await startCaller()
  const origin = await startOrigin(
    (_, response) => {
      response.setHeader('content-type', 'text/event-stream')
      response.end(`event: token\nid: 7\ndata: Hi ☂\n\n${'data: more\n\n'.repeat(24)}`)
    },
    { tls: false },
  )
  const { code } = await weir(['capture', '--name', 'events', '--', 'curl', '-sS', '-o', '/dev/null', `${origin.url}/stream`])
  expect(code).toBe(0)
  const lines = (await weir(['messages', 'events', '1'])).stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(25)
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} < event {2}\[event token, id 7\] Hi ☂$/)
  const items = (await json('messages', 'events', '1')) as Message[]
  expect(items).toHaveLength(25)
  expect(items[0]).toMatchObject({ index: 0, direction: 'received', type: 'event', event: 'token', id: '7', text: 'Hi ☂', size: 6 })
  const shown = (await weir(['show', 'events', '1'])).stdout
  expect(shown).toContain('[event token, id 7] Hi ☂')
  expect(shown).toContain('(the first 20; all of them: weir messages events 1)')
})

describe('a message', () => {
  const plain = new Output(new PassThrough())
  const message = (more: Partial<Message>): Message => ({ index: 0, at: 0, direction: 'sent', type: 'text', size: 0, ...more }) as Message
  const line = (more: Partial<Message>) => describeMessage(message(more), plain).replace(/^\S+ /, '')

  it('says who sent it, of what type, and what', () => {
    expect(line({ text: 'hello' })).toBe('> text   hello')
    expect(line({ direction: 'received', type: 'close', code: 1001, reason: 'going' })).toBe('< close  1001 going')
    expect(line({ type: 'ping', data: '', size: 0 })).toBe('> ping  ')
    expect(line({ type: 'binary', data: Buffer.from([0, 255]).toString('base64'), size: 2 })).toBe('> binary (2 B that are no text)')
    expect(line({ text: 'begin', truncated: true })).toBe('> text   begin (not all of it was recorded)')
  })

  it('reaches no terminal raw', () => {
    const text = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(text, text, text, (content, event, id) => {
        expect(line({ type: 'event', text: content, event, id })).not.toMatch(/[\p{Cc}\p{Cf}]/u)
      }),
      { seed: 20_261_125 },
    )
  })
})
