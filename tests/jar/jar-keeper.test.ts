/** Jars on the disk, in the thread that keeps them. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { JarKeeper } from '../../daemon/jar/jar-keeper.ts'
import { temporaryHome } from '../support/home.ts'

const start = Date.UTC(2026, 0, 1)
const url = 'https://www.shop.example/dir/page'

/** `again`: another keeper of the same file, as after a restart. */
async function keeper() {
  const home = await temporaryHome()
  const clock = { now: start }
  const open = () => {
    const one = new JarKeeper({ now: () => clock.now })
    onTestFinished(() => one.close())
    const surface = one.surface()
    surface.open({ home })
    return Object.assign(surface, { close: () => one.close() })
  }
  return { home, clock, jars: open(), again: open }
}

describe('a jar', () => {
  test('is made by naming it, and outlives its keeper, cookies in their order', async () => {
    const { home, jars, again } = await keeper()
    const fields = ['a=1', 'b=2; Secure; HttpOnly; SameSite=None; Domain=shop.example; Path=/; Max-Age=60', 'c=3; Secure; Partitioned']
    jars.take({ jar: 'work', response: { url }, setCookie: fields })
    jars.take({ jar: 'work', response: { url }, setCookie: ['a=4'] })
    jars.get({ jar: 'empty' })
    const before = jars.get({ jar: 'work' })
    expect(before.map(({ name, value }) => name + value)).toEqual(['a4', 'b2', 'c3'])
    jars.close()
    const later = again()
    expect(later.get({ jar: 'work' })).toEqual(before)
    expect(later.list({}).map(({ name, cookies }) => [name, cookies])).toEqual([
      ['empty', 0],
      ['work', 3],
    ])
    expect(statSync(join(home, 'jars.db')).mode & 0o777).toBe(0o600)
  })

  test('is one of several: what one holds no other sends', async () => {
    const { jars } = await keeper()
    jars.take({ jar: 'one', response: { url }, setCookie: ['a=1'] })
    jars.take({ jar: '__proto__', response: { url }, setCookie: ['a=2'] })
    expect(jars.cookieField({ jar: 'one', request: { url } })).toBe('a=1')
    expect(jars.cookieField({ jar: '__proto__', request: { url } })).toBe('a=2')
    expect(jars.cookieField({ jar: 'constructor', request: { url } })).toBeNull()
    expect(jars.list({}).map(({ name }) => name)).toEqual(['__proto__', 'one'])
  })

  test('holds on the disk what it holds in memory, whatever order a response has', async () => {
    const field = fc
      .tuple(fc.constantFrom('a', 'b'), fc.constantFrom('', '; Max-Age=0', '; Path=/', '; Domain=shop.example'))
      .map((parts) => `${parts[0]}=x${parts[1]}`)
    const { jars, again } = await keeper()
    fc.assert(
      fc.property(fc.array(fc.array(field, { maxLength: 5 }), { maxLength: 4 }), (responses) => {
        jars.delete({ jar: 'work' })
        for (const setCookie of responses) jars.take({ jar: 'work', response: { url }, setCookie })
        const reopened = again()
        expect(reopened.get({ jar: 'work' })).toEqual(jars.get({ jar: 'work' }))
        reopened.close()
      }),
      { numRuns: 40 },
    )
  })

  test('loses what expires, on the disk, too', async () => {
    const { jars, clock, again } = await keeper()
    jars.take({ jar: 'work', response: { url }, setCookie: ['brief=1; Max-Age=1', 'b=2'] })
    clock.now += 1000
    expect(jars.get({ jar: 'work' }).map(({ name }) => name)).toEqual(['b'])
    expect(jars.cookieField({ jar: 'work', request: { url } })).toBe('b=2')
    jars.close()
    clock.now = start
    expect(
      again()
        .get({ jar: 'work' })
        .map(({ name }) => name),
    ).toEqual(['brief', 'b'])
    clock.now += 1000
    again().get({ jar: 'work' })
    clock.now = start
    expect(
      again()
        .get({ jar: 'work' })
        .map(({ name }) => name),
    ).toEqual(['b'])
  })

  test('is unharmed by a clock that goes back', async () => {
    const { jars, clock } = await keeper()
    jars.take({ jar: 'work', response: { url }, setCookie: ['a=1; Max-Age=60'] })
    clock.now -= 365 * 24 * 3600 * 1000
    expect(jars.take({ jar: 'work', response: { url }, setCookie: ['a=2; Max-Age=60', 'b=1'] }).map(({ cause }) => cause)).toEqual([
      'updated',
      'set',
    ])
    expect(jars.cookieField({ jar: 'work', request: { url } })).toBe('b=1; a=2')
  })
})

describe('cookies given as such', () => {
  const given = (cookie: object) => [{ name: 'a', value: '1', domain: 'shop.example', ...cookie }]

  test('need a name, a value and a domain alone', async () => {
    const { jars } = await keeper()
    expect(jars.set({ jar: 'work', cookies: given({}) })).toMatchObject([{ cause: 'set' }])
    expect(jars.get({ jar: 'work' })).toEqual([
      {
        ...{ name: 'a', value: '1', domain: 'shop.example', hostOnly: true, path: '/', expires: null, secure: false, httpOnly: false },
        ...{ sameSite: null, partitionKey: null, createdAt: start, updatedAt: start },
      },
    ])
  })

  test('keep an exact end, and are deleted by one that has passed', async () => {
    const { jars } = await keeper()
    jars.set({ jar: 'work', cookies: given({ expires: start + 1.5 }) })
    expect(jars.get({ jar: 'work' })[0]?.expires).toBe(start + 1.5)
    expect(jars.set({ jar: 'work', cookies: given({ expires: start }) })).toMatchObject([{ cause: 'deleted' }])
    expect(jars.get({ jar: 'work' })).toEqual([])
  })

  test.each([
    ['malformed', { value: '1; Secure' }],
    ['malformed', { name: 'a=b' }],
    ['malformed', { value: ' padded' }],
    ['malformed', { path: 'relative' }],
    ['malformed', { path: '/a;b' }],
    ['malformed', { secure: true, partitionKey: 'shop' }],
    ['controlCharacter', { value: '1\n2' }],
    ['controlCharacter', { value: 'a\r\nSet-Cookie: b=1' }],
    ['controlCharacter', { path: '/\u0000' }],
    ['empty', { name: '', value: '' }],
    ['tooLarge', { value: 'x'.repeat(4096) }],
    ['invalidDomain', { domain: 'shop.example:8080' }],
    ['invalidDomain', { domain: 'shop.example/x' }],
    ['invalidDomain', { domain: 'sh\u00f6p.example' }],
    ['invalidDomain', { domain: '.' }],
    ['publicSuffix', { domain: '.co.uk' }],
    ['publicSuffix', { domain: 'com', hostOnly: false }],
    ['sameSiteNoneInsecure', { sameSite: 'None' }],
    ['partitionedInsecure', { partitionKey: 'https://shop.example' }],
    ['hostPrefix', { name: '__Host-a', secure: true, domain: '.shop.example' }],
  ] as const)('are rejected as any other: %s, %j', async (reason, cookie) => {
    const { jars } = await keeper()
    expect(jars.set({ jar: 'work', cookies: given(cookie) })).toMatchObject([{ cause: 'rejected', reason, at: '[0]' }])
    expect(jars.get({ jar: 'work' })).toEqual([])
  })
})

describe('cookies of a jar', () => {
  async function filled() {
    const { jars } = await keeper()
    const setCookie = ['a=1', 'a=2; Domain=shop.example', 'b=3; Domain=shop.example; Path=/']
    jars.take({ jar: 'work', response: { url }, setCookie })
    jars.take({ jar: 'work', response: { url: 'https://othershop.example/' }, setCookie: ['a=4'] })
    return { jars, left: () => jars.get({ jar: 'work' }).map(({ value }) => value) }
  }

  test('are found by domain with its subdomains, name, path, or the request they go with', async () => {
    const { jars } = await filled()
    const values = (more: object) => jars.get({ jar: 'work', ...more }).map(({ value }) => value)
    expect(values({ select: { domain: '.Shop.example' } })).toEqual(['1', '2', '3'])
    expect(values({ select: { domain: 'www.shop.example' } })).toEqual(['1'])
    expect(values({ select: { name: 'a', path: '/dir' } })).toEqual(['1', '2'])
    expect(values({ request: { url: 'https://shop.example/dir' } })).toEqual(['2', '3'])
    expect(() => values({ request: { url: 'ftp://shop.example/' } })).toThrow('url is no http or https URL')
  })

  test('are removed by their exact domain, name and path', async () => {
    const { jars, left } = await filled()
    expect(jars.remove({ jar: 'work', select: { domain: 'shop.example', name: 'a' }, exactDomain: true })).toBe(1)
    expect(left()).toEqual(['1', '3', '4'])
  })

  test('are cleared by domain with its subdomains, or all; the jar stays', async () => {
    const { jars, left } = await filled()
    expect(jars.remove({ jar: 'work', select: { domain: 'shop.example' }, exactDomain: false })).toBe(3)
    expect(left()).toEqual(['4'])
    expect(jars.remove({ jar: 'work', select: {}, exactDomain: false })).toBe(1)
    expect(jars.list({})).toMatchObject([{ name: 'work', cookies: 0 }])
  })

  test('go with the jar', async () => {
    const { jars } = await filled()
    expect(jars.delete({ jar: 'work' })).toBe(4)
    expect(jars.delete({ jar: 'work' })).toBe(0)
    expect(jars.list({})).toEqual([])
    expect(jars.get({ jar: 'work' })).toEqual([])
  })
})

test('more jars than are kept in memory are all there', async () => {
  const { jars } = await keeper()
  for (let index = 0; index < 40; index++) jars.take({ jar: `jar ${index}`, response: { url }, setCookie: [`n=${index}`] })
  for (let index = 0; index < 40; index++) expect(jars.cookieField({ jar: `jar ${index}`, request: { url } })).toBe(`n=${index}`)
})
