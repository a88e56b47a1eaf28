/** cookie/list, and weir cookies. */
import { describe, expect, test } from 'vitest'
import type { CookieChange } from '../../sdk/cookie/changes.ts'
import { startCaller } from '../support/caller.ts'
import { startOrigin } from '../support/origin.ts'

const short = ({ seq, cause, reason, cookie }: CookieChange) => `${seq} ${cause} ${reason ?? `${cookie?.name}=${cookie?.value}`}`

/** Set-Cookie fields by path. */
const fields: { [path: string]: string[] } = {
  '/login': ['sid=1; Path=/; HttpOnly', 'theme=dark; Path=/; Max-Age=3600', '__Secure-x=1'],
  '/again': ['sid=2; Path=/; HttpOnly'],
  '/logout': ['sid=; Path=/; Max-Age=0'],
}

async function captured() {
  const caller = await startCaller()
  const origin = await startOrigin((request, response) => response.setHeader('Set-Cookie', fields[request.url ?? ''] ?? []).end(), {
    tls: false,
  })
  const urls = Object.keys(fields).flatMap((path) => ['-o', '/dev/null', `${origin.url}${path}`])
  const args = ['capture', '--name', 'it', '--', 'curl', '-sS', '-H', 'Cookie: old=0', ...urls]
  expect((await caller.weir(args)).code).toBe(0)
  return caller
}

describe('the cookies of a session', () => {
  test('are told as a sequence of values, with the exchange and the reason', async () => {
    const { client, weir, json } = await captured()
    const {
      items: [session],
    } = await client.call('session/list', {})
    const sessionId = session?.id ?? ''
    const { items, more } = await client.call('cookie/list', { sessionId })
    const sequence = ['1 sent old=0', '1 set sid=1', '1 set theme=dark', '1 rejected securePrefix', '2 updated sid=2', '3 deleted sid=']
    expect([items.map(short), more]).toEqual([sequence, false])
    expect((await client.call('cookie/list', {})).items).toEqual(items)
    const second = await client.call('cookie/list', { sessionId, after: 1, limit: 2 })
    expect([second.items.map(({ index }) => index), second.more]).toEqual([[2, 3], true])
    expect((await client.call('cookie/list', { sessionId, domain: 'other.example' })).items).toEqual([])
    const when = items.find(({ seq }) => seq === 2)?.at ?? 0
    expect((await client.call('cookie/list', { sessionId, at: when })).items.map(short)).toEqual([
      '1 sent old=0',
      '1 set theme=dark',
      '2 updated sid=2',
    ])
    expect((await client.call('cookie/list', { sessionId, at: when + 7_200_000 })).items.map(short)).toEqual(['1 sent old=0'])

    expect(((await json('cookies', 'it')) as CookieChange[]).map(short)).toEqual(sequence)
    expect(((await json('cookies', '--held')) as CookieChange[]).map(short)).toEqual(['1 sent old=0', '1 set theme=dark'])
    const { stdout } = await weir(['cookies', 'it'])
    expect(stdout.split('\n').map((line) => line.trim().split(/ +/).slice(2).join(' '))).toEqual([
      'CAUSE DOMAIN PATH COOKIE',
      'sent localhost / old=0',
      'set localhost / sid=1',
      'set localhost / theme=dark',
      'rejected localhost / securePrefix: __Secure-x=1',
      'updated localhost / sid=2',
      'deleted localhost / sid=',
      '',
    ])
  })

  test('that are held go into a jar, and values are hidden when asked', async () => {
    const { client, weir } = await captured()
    const { code, stderr } = await weir(['cookies', 'it', '--jar', 'work', '--json'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'weir: 2 cookies in jar work\n' })
    const { items: kept } = await client.call('jar/get', { jar: 'work' })
    expect(kept.map(({ name, value }) => `${name}=${value}`).sort()).toEqual(['old=0', 'theme=dark'])
    const { items } = await client.call('cookie/list', { redact: 'strict' })
    expect(items.map(({ cookie }) => cookie?.name)).toEqual(['old', 'sid', 'theme', '__Secure-x', 'sid', 'sid'])
    expect(JSON.stringify(items)).not.toContain('"dark"')
  })
})

test('a session without cookies, and what makes no sense', async () => {
  const { client, weir } = await startCaller()
  const { id } = await client.call('session/start', { proxy: null, cookies: false })
  expect(await client.call('cookie/list', { sessionId: id })).toEqual({ items: [], more: false })
  await expect(client.call('cookie/list', { after: 3 })).rejects.toMatchObject({ reason: 'conflictingParams' })
  await expect(client.call('cookie/list', { domain: 'a b' })).rejects.toMatchObject({ reason: 'invalidDomain' })
  const { code, stderr } = await weir(['cookies', '--at', 'yesterday'])
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('--at takes 2026-01-31T12:00:00Z or Unix milliseconds') })
})
