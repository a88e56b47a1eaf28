import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTnetstring, type TnetValue, tnetstrings } from '../../daemon/import/mitmproxy/tnetstrings.ts'
import { importContent, importFolder, readAll } from '../support/imported.ts'
import { print, tagged } from '../support/tnetstring.ts'
import { toolPath } from '../support/tool.ts'

fc.configureGlobal({ seed: 20260404 })

const mitmdump = toolPath('mitmdump', 'mitmproxy')

/** A file that mitmproxy has written. */
function flows(folder: string): Buffer {
  const file = join(folder, 'flows')
  const python = /^#!(\S+)/.exec(readFileSync(mitmdump as string, 'latin1'))?.[1] ?? 'python3'
  execFileSync(python, [join(import.meta.dirname, '../support/mitmproxy-flows.py'), file])
  return readFileSync(file)
}

describe.skipIf(mitmdump === null)('flows that mitmproxy has written', () => {
  it('are imported byte for byte; what is no HTTP is left out', async () => {
    const folder = importFolder()
    const { file, leftOut } = await importContent(flows(folder), folder)
    expect(leftOut).toBe(1)
    const [plain, socket, failed, unanswered, ...more] = await readAll(file)
    expect(more).toEqual([])
    expect(plain?.exchange).toMatchObject({
      state: 'complete',
      kind: 'http',
      startedAt: 946_681_200_000,
      durationMs: 3000,
      timings: { send: 1000, wait: 1000, receive: 1000 },
      client: { address: '127.0.0.1', port: 22 },
      server: { address: '192.168.0.1', port: 22 },
      request: {
        method: 'GET',
        url: `https://a.test/${Buffer.from('ä').toString('latin1')}?q=%20`,
        httpVersion: '1.1',
        headers: [
          ['Host', 'a.test'],
          ['X-A', '\u00ff'],
          ['x-a', '2'],
        ],
        bodySize: 256,
      },
      response: { status: 200, reason: 'OK', headers: [['content-encoding', 'gzip']], trailers: [['x-end', '1']], bodySize: 14 },
      tags: [':x:'],
      note: 'look',
    })
    expect(plain?.request).toEqual(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)))
    expect(plain?.response.toString()).toBe('no gzip at all')
    expect(socket?.exchange).toMatchObject({ kind: 'websocket', state: 'complete', response: { status: 101 } })
    expect(socket?.messages).toMatchObject([
      { direction: 'sent', type: 'binary', data: Buffer.from('hello binary').toString('base64'), at: 946_681_203_000 },
      { direction: 'sent', type: 'text', text: 'hello text' },
      { direction: 'received', type: 'text', text: "it's me" },
      { direction: 'received', type: 'close', code: 1000, reason: '' },
    ])
    expect(failed?.exchange).toMatchObject({ state: 'failed', response: null, error: { reason: 'connectionRefused' } })
    expect(unanswered?.exchange).toMatchObject({ state: 'aborted', response: null, error: { reason: 'notRecorded' } })
  })

  it('that were cut off are imported up to there, when that is asked for', async () => {
    const folder = importFolder()
    const cut = flows(folder).subarray(0, -10)
    await expect(importContent(cut, folder)).rejects.toMatchObject({
      reason: 'malformedFile',
      message: expect.stringMatching(/: byte \d+: the file ends within it/),
    })
    const { counts, problems } = await importContent(cut, folder, true)
    expect({ exchanges: counts.exchanges, problems: problems.length }).toEqual({ exchanges: 3, problems: 1 })
  })
})

const { value: anyValue } = fc.letrec<{ value: TnetValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.array(tie('value')),
    fc.array(fc.tuple(fc.string({ unit: 'grapheme-ascii' }), tie('value'))).map((entries) => new Map(entries)),
  ),
}))

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

describe('tagged netstrings', () => {
  it('are read as they were written, however the file is cut into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyValue), fc.integer({ min: 1, max: 50 }), async (values, size) => {
        const found: TnetValue[] = []
        for await (const { bytes } of tnetstrings(inPieces(Buffer.concat(values.map(print)), size))) found.push(parseTnetstring(bytes))
        expect(found).toEqual(values)
      }),
    )
  })

  it('are never read for more than they are', async () => {
    const all = async (bytes: Buffer) => {
      for await (const item of tnetstrings(inPieces(bytes, 4))) parseTnetstring(item.bytes)
    }
    await fc.assert(
      fc.asyncProperty(anyValue, fc.nat(), fc.nat(255), async (value, at, byte) => {
        const bytes = print(value)
        bytes[at % bytes.length] = byte
        await all(bytes).catch((error: Error) => expect(error.constructor.name).toMatch(/^(?:BrokenFile|EntryFault)$/))
      }),
    )
    await expect(all(Buffer.from('99999999999:x'))).rejects.toThrow('no tagged netstring')
    await expect(all(Buffer.from('999999999:x'))).rejects.toThrow('larger than')
    await expect(all(Buffer.from('12:hello'))).rejects.toThrow('the file ends')
    let deep: Buffer = Buffer.from('0:]')
    for (let depth = 0; depth < 100; depth++) deep = tagged(deep, ']')
    await expect(all(deep)).rejects.toThrow('too deeply')
  })
})
