/** The client over WebSockets: as a program has it, and in a real browser, which loads nothing but the SDK's own modules. */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bodyStream } from '../../sdk/body-stream.ts'
import type { Client } from '../../sdk/client-core.ts'
import type { WeirError } from '../../sdk/errors.ts'
import { expectExchange } from '../../sdk/expectations.ts'
import { followWith } from '../../sdk/follow-with.ts'
import { connectWebSocket } from '../../sdk/web-socket.ts'
import { chromiumPath, launchChromium } from '../support/chromium.ts'
import { capturing } from '../support/followed.ts'
import { startOrigin } from '../support/origin.ts'

const root = join(import.meta.dirname, '../..')

/** A token for programs, or for pages of an origin. */
async function pair(client: Client, origin?: string) {
  const { port } = await client.call('websocket/start', { port: 0 })
  const { code } = await client.call('pairing/start', { rights: ['read'], name: 'a test', ...(origin !== undefined && { origin }) })
  const headers = { 'Content-Type': 'application/json', ...(origin !== undefined && { Origin: origin }) }
  const answer = await fetch(`http://127.0.0.1:${port}/pair`, { method: 'POST', headers, body: JSON.stringify({ code, name: 'a test' }) })
  return { url: `ws://127.0.0.1:${port}/rpc`, token: ((await answer.json()) as { token: string }).token }
}

describe('a client over a WebSocket', () => {
  it('calls, cancels, hears of progress and follows, as over the socket', async () => {
    const { client, sessionId, get } = await capturing()
    await get('/one')
    await expectExchange(client, { sessionId, where: 'seq:1 state:complete', timeoutMs: 20_000 })
    const where = await pair(client)
    const over = await connectWebSocket(where)
    expect(over.initialized).toMatchObject({ protocol: 1 })
    expect((await over.call('exchange/list', { sessionId })).items).toMatchObject([{ seq: 1 }])
    expect(await new Response(bodyStream(over, { sessionId, seq: 1, part: 'response' })).text()).toBe('/one')
    const cancelling = new AbortController()
    const waiting = over.call('exchange/wait', { sessionId, where: 'path:/never', timeoutMs: 60_000 }, { signal: cancelling.signal })
    cancelling.abort()
    await expect(waiting).rejects.toMatchObject({ code: -32800 })
    await expect(over.call('exchange/get', { sessionId, seq: 9 })).rejects.toMatchObject({ code: 1001 })
    const changes = followWith({ sessionId, since: 'start', connect: () => connectWebSocket(where) })
    expect((await changes.next()).value).toMatchObject({ items: [{ seq: 1 }] })
    await changes.return(undefined)
    const unanswered = over.call('exchange/wait', { sessionId, where: 'path:/never', timeoutMs: 60_000 })
    const lost = expect(unanswered).rejects.toMatchObject({ code: 1005, data: { reason: 'connectionLost' } })
    await client.call('websocket/stop', {})
    await lost
    await over.closed
  })

  it('says what is wrong when nobody listens there, or the token does not count', async () => {
    const { client } = await capturing()
    const { url } = await pair(client)
    const refusal = (options: Parameters<typeof connectWebSocket>[0]) => connectWebSocket(options).catch((error: WeirError) => error)
    expect(await refusal({ url, token: 'none' })).toMatchObject({ code: 1005, data: { reason: 'tokenRefused' } })
    await client.call('websocket/stop', {})
    expect(await refusal({ url, token: 'none' })).toMatchObject({ code: 1005, data: { reason: 'daemonUnreachable' } })
  })
})

describe.skipIf(chromiumPath === null)('in Chromium', () => {
  it('the same client reads a session from a page, with modules as they are', async () => {
    const { client, sessionId, get } = await capturing()
    await get('/one')
    await expectExchange(client, { sessionId, where: 'seq:1 state:complete', timeoutMs: 20_000 })
    const site = await startOrigin(
      (request, response) => {
        if (!request.url?.startsWith('/sdk/')) return void response.setHeader('Content-Type', 'text/html').end('<title>a page</title>')
        const source = readFileSync(join(root, new URL(request.url, 'http://page').pathname), 'utf8')
        response.setHeader('Content-Type', 'text/javascript').end(stripTypeScriptTypes(source))
      },
      { tls: false },
    )
    const where = await pair(client, site.url)
    const page = await (await launchChromium()).newPage()
    await page.goto(site.url)
    const read = `(async () => {
      const { bodyStream, connectWebSocket, followWith } = await import('/sdk/exports/browser.ts')
      const where = ${JSON.stringify(where)}
      const sessionId = ${JSON.stringify(sessionId)}
      const weir = await connectWebSocket(where)
      const text = await new Response(bodyStream(weir, { sessionId, seq: 1, part: 'response' })).text()
      const changes = followWith({ sessionId, since: 'start', connect: () => connectWebSocket(where) })
      const { value } = await changes.next()
      await changes.return()
      await weir.close()
      return { protocol: weir.initialized.protocol, text, followed: value.items.map(({ seq }) => seq) }
    })()`
    expect(await page.evaluate(read)).toEqual({ protocol: 1, text: '/one', followed: [1] })
  })
})
