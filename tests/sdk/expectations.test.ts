import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { WeirError } from '../../sdk/errors.ts'
import { expectExchange, expectNoExchange, expectQuiet } from '../../sdk/expectations.ts'
import { askingNobody, startDaemon } from '../support/daemon.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

async function capturing() {
  const { client } = await startDaemon({ config: askingNobody })
  const origin = await startOrigin(
    (asked, response) => {
      if (asked.url === '/slow') response.write('begun')
      else response.writeHead(asked.url === '/broken' ? 500 : 200).end()
    },
    { tls: false },
  )
  const session = await client.call('session/start', {})
  const port = session.proxy?.port ?? 0
  const get = (path: string) => getThrough(port, origin.url + path)
  /** One that stays open until it is ended. */
  const open = () => {
    const source = request({
      host: '127.0.0.1',
      port,
      path: `${origin.url}/slow`,
      headers: { host: new URL(origin.url).host },
      agent: false,
    })
    source.on('error', () => undefined)
    source.end()
    return source
  }
  return { client, sessionId: session.id, origin, get, open }
}

describe('exchange/wait', () => {
  it('finds what is on record, or what comes', async () => {
    const { client, sessionId, get } = await capturing()
    await get('/one')
    expect(await expectExchange(client, { sessionId, where: 'path:/one', timeoutMs: 20_000 })).toMatchObject({ seq: 1 })
    const coming = expectExchange(client, { sessionId, where: 'path:/two state:complete', timeoutMs: 20_000 })
    await get('/other')
    await get('/two')
    expect(await coming).toMatchObject({ seq: 3, state: 'complete' })
  })

  it('looks only at what changed after a clock, when it is given one', async () => {
    const { client, sessionId, get } = await capturing()
    await get('/one')
    await expectExchange(client, { sessionId, where: 'path:/one state:complete', timeoutMs: 20_000 })
    const { clock } = await client.call('exchange/list', { sessionId })
    expect(await client.call('exchange/wait', { sessionId, where: 'path:/one', since: clock, timeoutMs: 50 })).toEqual({ item: null })
    await get('/one')
    expect(await expectExchange(client, { sessionId, where: 'path:/one', since: clock, timeoutMs: 20_000 })).toMatchObject({ seq: 2 })
  })

  it('is null at its time limit, and ends when it is cancelled', async () => {
    const { client, sessionId } = await capturing()
    expect(await client.call('exchange/wait', { sessionId, where: 'path:/none', timeoutMs: 0 })).toEqual({ item: null })
    const cancelling = new AbortController()
    const waiting = client.call('exchange/wait', { sessionId, where: 'path:/none', timeoutMs: 60_000 }, { signal: cancelling.signal })
    cancelling.abort()
    await expect(waiting).rejects.toMatchObject({ code: -32800 })
  })

  it('waits for quiet: nothing open, nothing changed', async () => {
    const { client, sessionId, get, open } = await capturing()
    await get('/one')
    const source = open()
    await expectExchange(client, { sessionId, where: 'path:/slow', timeoutMs: 20_000 })
    const noisy = await client.call('exchange/wait', { sessionId, where: 'path:/slow', quietMs: 50, timeoutMs: 300 })
    expect(noisy).toMatchObject({ quiet: false, item: { seq: 2, state: 'open' } })
    await expectQuiet(client, { sessionId, where: 'path:/one', quietMs: 50, timeoutMs: 20_000 })
    const quiet = expectQuiet(client, { sessionId, where: 'path:/slow', quietMs: 50, timeoutMs: 20_000 })
    source.destroy()
    await quiet
    expect(await expectExchange(client, { sessionId, where: 'path:/slow' })).toMatchObject({ state: 'aborted' })
  })

  it('refuses a query that is none, with its place', async () => {
    const { client, sessionId } = await capturing()
    const refused = await expectExchange(client, { sessionId, where: 'hots:a' }).catch((error: WeirError) => error)
    expect(refused).toMatchObject({ code: -32602, data: { word: 'hots' } })
  })
})

describe('a failure', () => {
  it('tells what happened instead', async () => {
    const { client, sessionId, get, origin } = await capturing()
    await expect(expectExchange(client, { sessionId, where: 'path:/x', timeoutMs: 10 })).rejects.toThrow(
      'nothing was captured in this session',
    )
    await get('/broken')
    await expectExchange(client, { sessionId, where: 'status:500', timeoutMs: 20_000 })
    await expect(expectExchange(client, { sessionId, where: 'path:/x', timeoutMs: 10 })).rejects.toThrow(
      `no exchange matched path:/x within 0.01 s; the latest in this session:\n  1 GET ${origin.url}/broken 500`,
    )
    await expect(expectNoExchange(client, { sessionId, where: 'status:5xx', forMs: 10 })).rejects.toThrow(`1 GET ${origin.url}/broken 500`)
    await expectNoExchange(client, { sessionId, where: 'path:/x', forMs: 10 })
  })
})
