/** Cookies of a jar go with what is sent, at each redirect, and those of the responses go into it. */
import { describe, expect, it } from 'vitest'
import { capture } from '../support/capture.ts'
import { type ExactOrigin, fieldsOf, startExactOrigin, targetOf } from '../support/exact-origin.ts'

const answer = (status: string, ...fields: string[]) =>
  Buffer.from([`HTTP/1.1 ${status}`, ...fields, 'Content-Length: 0', '', ''].join('\r\n'))

const cookiesSeen = ({ requests }: ExactOrigin) =>
  requests.map(({ head }) => [
    targetOf(head),
    fieldsOf(head)
      .filter(([name]) => name.toLowerCase() === 'cookie')
      .map(([, value]) => value),
  ])

describe('a jar', () => {
  it('gives its cookies to each hop, and takes those of each response', async () => {
    const { client, session } = await capture()
    const origin = await startExactOrigin(({ head }) =>
      targetOf(head) === '/login'
        ? answer('302 Found', 'Location: /home', 'Set-Cookie: sid=new; Path=/; Secure', 'Set-Cookie: gone=; Max-Age=0')
        : answer('200 OK', 'Set-Cookie: seen=1'),
    )
    await client.call('jar/set', { jar: 'work', url: origin.url, setCookie: ['sid=old; Path=/; Secure', 'gone=soon'] })
    const request = { method: 'GET', url: `${origin.url}/login`, headers: [['X-One', '1']] as [string, string][] }
    await client.call('request/send', { sessionId: session.id, request, jar: 'work', follow: true })
    expect(cookiesSeen(origin)).toEqual([
      ['/login', ['sid=old; gone=soon']],
      ['/home', ['sid=new']],
    ])
    const { items } = await client.call('jar/get', { jar: 'work' })
    expect(items.map(({ name, value }) => `${name}=${value}`).sort()).toEqual(['seen=1', 'sid=new'])
  })

  it('is not asked when it is not named, and gives nothing to another host', async () => {
    const { client, session } = await capture()
    const origin = await startExactOrigin(() => answer('200 OK', 'Set-Cookie: a=1'))
    await client.call('jar/set', { jar: 'work', url: 'https://elsewhere.example/', setCookie: ['other=1'] })
    const request = { method: 'GET', url: `${origin.url}/` }
    await client.call('request/send', { sessionId: session.id, request })
    await client.call('request/send', { sessionId: session.id, request, jar: 'work' })
    await client.call('request/send', { sessionId: session.id, request, jar: 'work' })
    expect(cookiesSeen(origin)).toEqual([
      ['/', []],
      ['/', []],
      ['/', ['a=1']],
    ])
  })

  it('takes the place of the recorded cookies in a replay, where they stood', async () => {
    const { client, session } = await capture()
    const origin = await startExactOrigin(() => answer('200 OK'))
    const headers: [string, string][] = [
      ['X-One', '1'],
      ['cookie', 'recorded=1'],
      ['X-Two', '2'],
    ]
    const sessionId = session.id
    const { seq } = await client.call('request/send', { sessionId, request: { method: 'GET', url: origin.url, headers } })
    await client.call('jar/set', { jar: 'work', url: origin.url, setCookie: ['fresh=1'] })
    await client.call('exchange/replay', { sessionId, seq })
    await client.call('exchange/replay', { sessionId, seq, jar: 'work' })
    await client.call('exchange/replay', { sessionId, seq, jar: 'empty' })
    expect(origin.requests.map(({ head }) => fieldsOf(head).slice(1))).toEqual([
      headers,
      headers,
      [headers[0], ['Cookie', 'fresh=1'], headers[2]],
      [headers[0], headers[2]],
    ])
  })

  it('excludes a Cookie field that is given', async () => {
    const { client, session } = await capture()
    const request = { method: 'GET', url: 'http://localhost/', headers: [['Cookie', 'a=1']] as [string, string][] }
    await expect(client.call('request/send', { sessionId: session.id, request, jar: 'work' })).rejects.toMatchObject({
      code: -32602,
      reason: 'conflictingParams',
    })
  })
})
