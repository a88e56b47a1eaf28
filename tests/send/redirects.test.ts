/** Redirects (RFC 9110 section 15.4): each hop is an exchange of its own; methods are rewritten, credentials stay with their origin. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { Params } from '../../sdk/protocol.ts'
import { type Capture, capture } from '../support/capture.ts'
import { startOrigin } from '../support/origin.ts'

interface Seen {
  line: string
  headers: string[]
  body: string
}

/** Answers `/STATUS/REST` with a redirect to `/REST`, and `/` with 200. */
async function startRedirecting(elsewhere: () => string = () => '') {
  const seen: Seen[] = []
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      seen.push({ line: `${request.method} ${request.url}`, headers: request.rawHeaders, body })
      const [, status, rest] = /^\/(\d{3})(\/.*)$/.exec(request.url ?? '') ?? []
      if (rest === undefined) response.end('here')
      else response.writeHead(Number(status), { location: `${elsewhere()}${rest}` }).end()
    })
  }
  const origin = await startOrigin(listener, { tls: false })
  return { ...origin, seen }
}

const send = ({ client, session }: Capture, request: Params<'request/send'>['request']) =>
  client.call('request/send', { sessionId: session.id, request, follow: true })

describe('a redirect', () => {
  it('is followed only when that was asked for', async () => {
    const daemon = await capture()
    const origin = await startRedirecting()
    const { client, session } = daemon
    const request = { method: 'GET', url: `${origin.url}/302/` }
    expect(await client.call('request/send', { sessionId: session.id, request })).toMatchObject({ response: { status: 302 } })
    const followed = await client.call('request/send', { sessionId: session.id, request, follow: true })
    expect(followed).toMatchObject({ seq: 3, request: { url: `${origin.url}/` }, response: { status: 200 } })
    const { items } = await client.call('exchange/list', { sessionId: session.id })
    expect(items.map(({ source, response }) => [source, response?.status])).toEqual([
      ['send', 302],
      ['send', 302],
      ['send', 200],
    ])
  })

  it.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [302, 'PUT', 'PUT'],
    [307, 'POST', 'POST'],
    [308, 'POST', 'POST'],
  ])('%i makes of %s a %s, and without a body no word of it is left', async (status, before, after) => {
    const daemon = await capture()
    const origin = await startRedirecting()
    const headers: [string, string][] = [
      ['Content-Type', 'text/plain'],
      ['X-Kept', 'yes'],
      ['Authorization', 'Bearer own'],
    ]
    await send(daemon, { method: before, url: `${origin.url}/${status}/`, headers, body: 'content' })
    const last = origin.seen.at(-1)
    expect(last?.line).toBe(`${after} /`)
    expect(last?.body).toBe(after === 'GET' ? '' : 'content')
    expect(last?.headers.includes('Content-Type')).toBe(after !== 'GET')
    expect(last?.headers).toEqual(expect.arrayContaining(['X-Kept', 'yes', 'Authorization', 'Bearer own']))
  })

  it('to another origin takes no credentials along, and no Host', async () => {
    const daemon = await capture()
    const other = await startRedirecting()
    const origin = await startRedirecting(() => other.url)
    const headers: [string, string][] = [
      ['Host', 'named.test'],
      ['Authorization', 'Bearer secret'],
      ['Cookie', 'a=b'],
      ['X-Kept', 'yes'],
    ]
    await send(daemon, { method: 'GET', url: `${origin.url}/307/`, headers })
    expect(origin.seen[0]?.headers).toEqual(headers.flat())
    expect(other.seen[0]?.headers).toEqual(['Host', `localhost:${other.port}`, 'X-Kept', 'yes'])
  })

  it('is followed twenty times, and no further', async () => {
    const daemon = await capture()
    const origin = await startRedirecting()
    const url = `${origin.url}${'/302'.repeat(20)}/`
    expect(await send(daemon, { method: 'GET', url })).toMatchObject({ seq: 21, response: { status: 200 } })
    await expect(send(daemon, { method: 'GET', url: `${origin.url}${'/302'.repeat(21)}/` })).rejects.toMatchObject({
      code: 1004,
      reason: 'tooManyRedirects',
    })
  })

  it('that leads to no HTTP is the answer', async () => {
    const daemon = await capture()
    const origin = await startRedirecting(() => 'ftp://localhost')
    expect(await send(daemon, { method: 'GET', url: `${origin.url}/302/` })).toMatchObject({ seq: 1, response: { status: 302 } })
  })
})
