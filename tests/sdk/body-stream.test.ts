import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bodyStream } from '../../sdk/body-stream.ts'
import { expectExchange } from '../../sdk/expectations.ts'
import { startDaemon } from '../support/daemon.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

const large = Buffer.alloc(3 * 1024 * 1024 + 17, 'weir ')
const seq = 1
const part = 'response'

async function capturing() {
  const { client } = await startDaemon()
  let answer: (response: ServerResponse) => void = () => undefined
  const open = new Promise<ServerResponse>((resolve) => (answer = resolve))
  const origin = await startOrigin(
    (request, response) => {
      if (request.url === '/packed') response.setHeader('Content-Encoding', 'gzip').end(gzipSync(large))
      else if (request.url === '/slow') {
        response.write('first,')
        answer(response)
      } else response.end()
    },
    { tls: false },
  )
  const session = await client.call('session/start', {})
  const get = (path: string) => getThrough(session.proxy?.port ?? 0, origin.url + path)
  return { client, sessionId: session.id, get, open }
}

const textOf = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString()

describe('a body as a web stream', () => {
  it('comes whole, as it was or without its Content-Encoding', async () => {
    const { client, sessionId, get } = await capturing()
    await get('/packed')
    await expectExchange(client, { sessionId, where: 'state:complete', timeoutMs: 20_000 })
    const body = { sessionId, seq, part } as const
    expect(await new Response(bodyStream(client, body)).bytes()).toEqual(new Uint8Array(gzipSync(large)))
    expect(Buffer.from(await new Response(bodyStream(client, { ...body, decode: true })).arrayBuffer()).equals(large)).toBe(true)
  })

  it('of none has nothing', async () => {
    const { client, sessionId, get } = await capturing()
    await get('/')
    await expectExchange(client, { sessionId, where: 'state:complete', timeoutMs: 20_000 })
    expect(await new Response(bodyStream(client, { sessionId, seq, part })).text()).toBe('')
  })

  it('goes on as the body comes, until that ends', async () => {
    const { client, sessionId, get, open } = await capturing()
    const got = get('/slow')
    const response = await open
    await expectExchange(client, { sessionId, where: 'status:200', timeoutMs: 20_000 })
    const reader = bodyStream(client, { sessionId, seq, part }).getReader()
    expect(textOf((await reader.read()).value)).toBe('first,')
    const second = reader.read()
    response.write('second,')
    expect(textOf((await second).value)).toBe('second,')
    const last = reader.read()
    response.end('last')
    expect(textOf((await last).value)).toBe('last')
    expect(await reader.read()).toEqual({ done: true, value: undefined })
    await got
  })

  it('asks for nothing more once it is cancelled', async () => {
    const { client, sessionId, get, open } = await capturing()
    const got = get('/slow')
    const response = await open
    await expectExchange(client, { sessionId, where: 'status:200', timeoutMs: 20_000 })
    const reader = bodyStream(client, { sessionId, seq, part }).getReader()
    await reader.read()
    const waiting = reader.read()
    await reader.cancel()
    expect(await waiting).toEqual({ done: true, value: undefined })
    response.end()
    await got
    // The connection is free for others.
    expect(await client.call('session/stop', { sessionId })).toMatchObject({ state: 'stopped' })
  })

  it('fails as reading the body does', async () => {
    const { client, sessionId } = await capturing()
    await expect(new Response(bodyStream(client, { sessionId, seq: 7, part })).text()).rejects.toMatchObject({ code: 1001 })
  })
})
