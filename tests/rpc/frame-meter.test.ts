import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameMeter } from '../../daemon/rpc/frame-meter.ts'
import type { WeirError } from '../../sdk/errors.ts'
import { frame } from '../support/raw-client.ts'

/** What comes out when the bytes go in cut at these places, and the error that ended it. */
async function pass(bytes: Buffer, cuts: number[] = []): Promise<{ out: Buffer; error: WeirError | null }> {
  const meter = new FrameMeter()
  const out: Buffer[] = []
  let error: WeirError | null = null
  meter.on('data', (chunk: Buffer) => out.push(chunk))
  const ended = new Promise<void>((resolve) => {
    meter.on('error', (reason: WeirError) => {
      error = reason
      resolve()
    })
    meter.on('end', resolve)
  })
  const places = [0, ...new Set(cuts.map((cut) => cut % (bytes.length + 1))), bytes.length].sort((a, b) => a - b)
  for (const [index, place] of places.slice(0, -1).entries()) meter.write(bytes.subarray(place, places[index + 1]))
  meter.end()
  await ended
  return { out: Buffer.concat(out), error }
}

describe('the frame meter', () => {
  it('passes frames on as they came, however they are cut', async () => {
    const frames = fc.array(fc.json(), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(frames, fc.array(fc.nat(4000), { maxLength: 12 }), async (texts, cuts) => {
        const bytes = Buffer.from(texts.map(frame).join(''))
        expect(await pass(bytes, cuts)).toEqual({ out: bytes, error: null })
      }),
      { seed: 2, numRuns: 200 },
    )
  })

  it('takes a Content-Type beside the length, in any case and order', async () => {
    const bytes = Buffer.from('content-type: application/vscode-jsonrpc; charset=utf-8\r\nCONTENT-LENGTH:2\r\n\r\n{}')
    expect(await pass(bytes)).toEqual({ out: bytes, error: null })
  })

  const refused: [string, string, string][] = [
    ['an HTTP request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'notAFrame'],
    ['JSON without a frame', '{"jsonrpc":"2.0"}', 'notAFrame'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01', 'notAFrame'],
    ['a frame without a length', 'Content-Type: text/plain\r\n\r\n{}', 'notAFrame'],
    ['a negative length', 'Content-Length: -5\r\n\r\n{}', 'notAFrame'],
    ['a length that is no number', 'Content-Length: 0x10\r\n\r\n{}', 'notAFrame'],
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}', 'notAFrame'],
    ['an empty frame', 'Content-Length: 0\r\n\r\n', 'notAFrame'],
    ['a foreign header', 'Content-Length: 2\r\nHost: x\r\n\r\n{}', 'notAFrame'],
    ['a head without an end', `Content-Length: ${' '.repeat(2000)}`, 'notAFrame'],
    ['a frame over 16 MiB', `Content-Length: ${16 * 1024 * 1024 + 1}\r\n\r\n`, 'frameTooLarge'],
  ]
  it.each(refused)('refuses %s', async (_what, text, reason) => {
    const { error } = await pass(Buffer.from(text, 'latin1'))
    expect(error).toMatchObject({ code: -32700, data: { reason } })
  })

  it('never fails other than with a parse error, whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(300), { maxLength: 5 }), async (bytes, cuts) => {
        const { error } = await pass(Buffer.concat([Buffer.from('Content-'), bytes]), cuts)
        if (error) expect(error.code).toBe(-32700)
      }),
      { seed: 3, numRuns: 500 },
    )
  })
})
