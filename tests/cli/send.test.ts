/** weir send and weir replay, as programs and people call them. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Exchange } from '../../sdk/model.ts'
import { startCaller } from '../support/caller.ts'
import { testCa } from '../support/certificates.ts'
import { startExactOrigin } from '../support/exact-origin.ts'
import { startOrigin } from '../support/origin.ts'

const ok = () => Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\0\x01\x02')

describe('weir send', () => {
  it('gives a program the body of the response, byte for byte', async () => {
    const { weir, client } = await startCaller()
    const origin = await startExactOrigin(ok, false)
    const { code, bytes, stderr } = await weir(['send', `${origin.url}/x`, '-H', 'x-B: 1', '-H', 'X-Empty:', '-H', 'x-A:2'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect([...bytes]).toEqual([0, 1, 2])
    expect(origin.requests[0]?.head).toBe(`GET /x HTTP/1.1\r\nHost: localhost:${origin.port}\r\nx-B: 1\r\nX-Empty: \r\nx-A: 2`)
    const { items } = await client.call('session/list', {})
    expect(items).toMatchObject([{ name: 'sent', proxy: null, state: 'running', counts: { exchanges: 1 } }])
  })

  it('sends a text, a file or standard input, and prints the exchange as JSON', async () => {
    const { weir, json, folder } = await startCaller()
    const origin = await startExactOrigin(ok, false)
    const file = join(folder, 'body.bin')
    await writeFile(file, Buffer.from([0xff, 0, 10]))
    expect(await json('send', origin.url, '-d', 'text')).toMatchObject([
      { seq: 1, source: 'send', request: { method: 'POST', bodySize: 4 } },
    ])
    await weir(['send', 'PUT', origin.url, '-d', `@${file}`])
    await weir(['send', 'PATCH', origin.url, '-d', '@-'], { input: 'from standard input' })
    expect(origin.requests.map(({ head, body }) => [head.split(' ')[0], body.toString('latin1')])).toEqual([
      ['POST', 'text'],
      ['PUT', '\xff\0\n'],
      ['PATCH', 'from standard input'],
    ])
  })

  it('goes on record in the session that is named, with its trust', async () => {
    const { json, client } = await startCaller()
    const origin = await startExactOrigin(ok)
    const session = await client.call('session/start', { name: 'mine', proxy: null, tls: { ca: (await testCa()).certificate } })
    expect(await json('send', origin.url, '--session', 'mine')).toMatchObject([{ sessionId: session.id, state: 'complete' }])
  })

  it('says why there is no response, and where that is on record', async () => {
    const { weir } = await startCaller()
    const failed = await weir(['send', 'https://no-such-host.invalid/'])
    expect(failed).toMatchObject({ code: 1, stdout: '' })
    expect(failed.stderr).toMatch(/no-such-host\.invalid.*\(dnsNotFound\); it is exchange 1 of session/)
    expect(await weir(['send', 'GET', 'http://localhost/', 'more'])).toMatchObject({ code: 2 })
    expect(await weir(['send', 'http://localhost/', '-H', 'no colon'])).toMatchObject({ code: 2 })
    expect(await weir(['send', 'ftp://localhost/'])).toMatchObject({ code: 1, stderr: expect.stringContaining('write http://HOST/PATH') })
  })
})

describe('weir replay', () => {
  it('sends an exchange again, changed, and often', async () => {
    const { json } = await startCaller()
    const origin = await startExactOrigin(ok, false)
    await json('send', origin.url, '-H', 'X-One: 1', '-H', 'X-Two: 2')
    expect(
      await json('replay', 'sent', '1', '-X', 'DELETE', '--url', `${origin.url}/y`, '-H', 'x-one: new', '--without', 'X-Two'),
    ).toHaveLength(1)
    expect(origin.requests[1]?.head).toBe(`DELETE /y HTTP/1.1\r\nHost: localhost:${origin.port}\r\nx-one: new`)
    const all = (await json('replay', 'sent', '1', '--times', '3')) as Exchange[]
    expect(all.map(({ seq, state }) => [seq, state])).toEqual([
      [3, 'complete'],
      [4, 'complete'],
      [5, 'complete'],
    ])
    expect(origin.requests).toHaveLength(5)
  })

  it('says how the response differs from the recorded one', async () => {
    const { json, weir } = await startCaller()
    let count = 0
    const origin = await startOrigin(
      (_, response) => {
        count += 1
        response.sendDate = false
        response.setHeader('Content-Type', 'application/json')
        response.setHeader('X-Count', count)
        response.end(JSON.stringify({ same: [1, { count }] }))
      },
      { tls: false },
    )
    await json('send', origin.url)
    const { code, stdout } = await weir(['replay', 'sent', '1', '--diff'])
    expect(code).toBe(0)
    expect(stdout.split('\n').slice(2)).toEqual([
      '  - x-count: 1',
      '  + x-count: 2',
      '  - $.same[1].count: 1',
      '  + $.same[1].count: 2',
      '',
    ])
    expect(await json('replay', 'sent', '1', '--diff')).toMatchObject([
      { seq: 3, diff: { status: null, body: { kind: 'json', changes: [{ path: ['same', 1, 'count'], before: 1, after: 3 }] } } },
    ])
  })
})
