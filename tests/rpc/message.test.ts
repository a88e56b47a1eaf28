import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseMessage } from '../../daemon/rpc/message.ts'
import type { WeirError } from '../../sdk/errors.ts'

const parse = (text: string) => parseMessage(Buffer.from(text))

function refusal(text: string): [code: number, reason: string] {
  try {
    parse(text)
  } catch (error) {
    const { code, reason } = error as WeirError
    return [code, reason]
  }
  throw new Error(`${text} was taken`)
}

describe('a message', () => {
  it('is a request or a notification', () => {
    const request = { jsonrpc: '2.0', id: 1, method: 'session/list', params: { state: 'running' } }
    expect(parse(JSON.stringify(request))).toEqual(request)
    expect(parse('{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}')).toMatchObject({ method: '$/cancelRequest' })
  })

  it.each(['', 'nope', '{"jsonrpc":"2.0",', "{'a':1}"])('that is no JSON (%j) is a parse error', (text) => {
    expect(refusal(text)).toEqual([-32700, 'notJson'])
  })

  it.each([
    '[]',
    '"x"',
    'null',
    '[{"jsonrpc":"2.0","id":1,"method":"a"}]',
    '{"id":1,"method":"a"}',
    '{"jsonrpc":"2.0","id":1}',
    '{"jsonrpc":"2.0","id":1,"result":{}}',
    '{"jsonrpc":"2.0","id":null,"method":"a"}',
    '{"jsonrpc":"2.0","id":{},"method":"a"}',
    '{"jsonrpc":"2.0","id":1.5,"method":"a"}',
    '{"jsonrpc":"2.0","id":1,"method":7}',
    '{"jsonrpc":"2.0","id":1,"method":"a","params":"b"}',
  ])('that is JSON and no request (%s) is an invalid request', (text) => {
    expect(refusal(text)).toEqual([-32600, 'notARequest'])
  })

  it('nests 64 deep at most', () => {
    const nested = (depth: number) => `{"jsonrpc":"2.0","id":1,"method":"a","params":${'['.repeat(depth)}${']'.repeat(depth)}}`
    expect(parse(nested(63))).toMatchObject({ id: 1 })
    expect(refusal(nested(64))).toEqual([-32700, 'tooDeep'])
    expect(refusal(`${'['.repeat(8_000_000)}`)).toEqual([-32700, 'tooDeep'])
  })

  it('may hold any brackets and quotes in its strings', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('[', '{', '"', '\\', ']', '}', 'é'), { maxLength: 300 }), (pieces) => {
        const params = { text: pieces.join('') }
        expect(parse(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'a', params })).params).toEqual(params)
      }),
      { seed: 4 },
    )
  })
})
