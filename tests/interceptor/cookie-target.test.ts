/** A browser's cookies as a target, with a browser that refuses what the real one refuses. */
import { expect, it } from 'vitest'
import { cookieTarget } from '../../plugins/interceptor/cdp/cookie-target.ts'
import type { Protocol } from '../../plugins/interceptor/cdp/protocol.ts'
import type { Cookie } from '../../sdk/cookie/cookie.ts'

type Param = Protocol.Network.CookieParam

const cookie = (name: string): Cookie => ({
  ...{ name, value: '1', domain: 'a.example', hostOnly: true, path: '/', expires: null, secure: false, httpOnly: false },
  ...{ sameSite: null, partitionKey: null, createdAt: 0, updatedAt: 0 },
})

function setUp() {
  const held: string[] = []
  let lists = 0
  const ask = async (method: string, { cookies = [] }: { cookies?: Param[] } = {}) => {
    if (method === 'Storage.getCookies') return { cookies: [] }
    lists++
    // All or nothing.
    if (cookies.some(({ name }) => name.startsWith('bad'))) throw new Error('the browser says: Invalid cookie fields')
    held.push(...cookies.map(({ name }) => name))
    return {}
  }
  const { push } = cookieTarget(async () => ({ ask: ask as never }))
  return {
    held,
    lists: () => lists,
    push: (...names: string[]) =>
      push(
        names.map((name) => ({ put: cookie(name) })),
        [],
      ),
  }
}

it('cookies are set in one call', async () => {
  const { held, lists, push } = setUp()
  await push('a', 'b')
  expect([held, lists()]).toEqual([['a', 'b'], 1])
})

it('a cookie that the browser does not take is named, and keeps no other one away', async () => {
  const { held, push } = setUp()
  await expect(push('a', 'bad', 'b')).rejects.toThrow(
    /^not taken: bad of http:\/\/a\.example\/ \(the browser says: Invalid cookie fields\)$/,
  )
  expect(held).toEqual(['a', 'b'])
})
