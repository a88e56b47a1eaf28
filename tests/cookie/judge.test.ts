import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Cookie, keyOf } from '../../sdk/cookie/cookie.ts'
import { HeldCookies } from '../../sdk/cookie/held-cookies.ts'
import type { CookieContext } from '../../sdk/cookie/judge.ts'
import { partitionKeyOf, partitionOf } from '../../sdk/cookie/partition.ts'
import { type RejectionReason, rejectionReasons } from '../../sdk/cookie/rejections.ts'

const at = Date.UTC(2026, 0, 1)
const day = 24 * 3600 * 1000

const from = (url: string, more: Partial<CookieContext> = {}): CookieContext => ({ url: new URL(url), at, ...more })
const secure = 'https://www.shop.example/dir/page'
const clear = 'http://www.shop.example/dir/page'

/** The cause, or the reason of a rejection. */
function outcome(held: HeldCookies, field: string, context: CookieContext): string {
  const verdict = held.take(field, context)
  return verdict.cause === 'rejected' ? verdict.reason : verdict.cause
}
const taken = (field: string, url = secure, more: Partial<CookieContext> = {}): Cookie | null => {
  const verdict = new HeldCookies().take(field, from(url, more))
  return verdict.cause === 'rejected' ? null : verdict.cookie
}
const reason = (field: string, url = secure, more: Partial<CookieContext> = {}) => outcome(new HeldCookies(), field, from(url, more))

describe('a cookie is', () => {
  test('set, updated, deleted, by what the jar held', () => {
    const held = new HeldCookies()
    expect(outcome(held, 'a=1', from(secure))).toBe('set')
    expect(held.take('a=2', from(secure, { at: at + 5 }))).toMatchObject({
      cause: 'updated',
      before: { value: '1' },
      cookie: { value: '2', createdAt: at, updatedAt: at + 5 },
    })
    expect(held.take('a=; Max-Age=0', from(secure, { at: at + 9 }))).toMatchObject({ cause: 'deleted', before: { value: '2' } })
    expect([...held]).toEqual([])
  })

  test('expired when there was nothing to delete; set when what was held had expired', () => {
    const held = new HeldCookies()
    expect(outcome(held, 'a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT', from(secure))).toBe('expired')
    expect(outcome(held, 'b=1; Max-Age=2', from(secure))).toBe('set')
    expect(outcome(held, 'b=2', from(secure, { at: at + 2000 }))).toBe('set')
  })

  test('another one with another path, domain, host-only flag or partition', () => {
    const held = new HeldCookies()
    const fields = ['a=1', 'a=2; Path=/', 'a=3; Domain=shop.example', 'a=4; Domain=www.shop.example', 'a=5; Secure; Partitioned']
    expect(fields.map((field) => outcome(held, field, from(secure)))).toEqual(fields.map(() => 'set'))
    expect(held.size).toBe(fields.length)
  })

  test('the one of its partition alone', () => {
    const held = new HeldCookies()
    const under = (top: string) => from('https://widget.example/', { topLevel: new URL(top) })
    const field = 'id=1; Secure; SameSite=None; Partitioned'
    expect(outcome(held, field, under('https://a.example/x'))).toBe('set')
    expect(outcome(held, field, under('https://b.example/'))).toBe('set')
    expect(outcome(held, field, under('https://www.a.example:8443/'))).toBe('updated')
    expect(held.cookieField(under('https://b.example/'))).toBe('id=1')
    expect(held.cookieField(from('https://widget.example/'))).toBeNull()
  })

  test('another one below a frame of another site, though the page on top is its own', () => {
    const held = new HeldCookies()
    const field = 'id=1; Secure; SameSite=None; Partitioned'
    const nested = from('https://www.a.example/', { topLevel: new URL('https://a.example/'), acrossSites: true })
    const own = from('https://www.a.example/')
    expect([outcome(held, field, own), outcome(held, field.replace('1', '2'), nested)]).toEqual(['set', 'set'])
    expect([...held].map(({ partitionKey }) => partitionKey)).toEqual(['https://a.example', 'https://a.example across sites'])
    expect([held.cookieField(own), held.cookieField(nested)]).toEqual(['id=1', 'id=2'])
    const [, second] = [...held]
    expect(new HeldCookies().give(second as Cookie, at)).toMatchObject({ cause: 'set', cookie: second })
  })

  test('in the partition that a browser names, whatever stands between', () => {
    const keys = [
      ['https://a.example', false, 'www.a.example', 'https://a.example'],
      ['https://a.example', true, 'www.a.example', 'https://a.example across sites'],
      ['https://a.example', true, 'widget.example', 'https://a.example'],
      ['http://localhost', false, 'localhost', 'http://localhost'],
    ] as const
    for (const [topLevelSite, hasCrossSiteAncestor, domain, key] of keys) {
      expect(partitionKeyOf({ topLevelSite, hasCrossSiteAncestor }, domain)).toBe(key)
      expect(partitionOf(key, domain)).toEqual({ topLevelSite, hasCrossSiteAncestor })
    }
  })
})

describe('what it says is taken as', () => {
  test('nothing but a name and a value: for the host, below its folder, for the session', () => {
    expect(taken(' a = x=y ')).toEqual({
      name: 'a',
      value: 'x=y',
      domain: 'www.shop.example',
      hostOnly: true,
      path: '/dir',
      expires: null,
      secure: false,
      httpOnly: false,
      sameSite: null,
      partitionKey: null,
      createdAt: at,
      updatedAt: at,
    })
  })

  test('all attributes, in any case and order; the last of each counts', () => {
    const field = 'a=1;HTTPONLY;path=/x;PATH=/p;domain=.SHOP.example;secure;samesite=none;SAMESITE=strict;max-age=60;partitioned'
    expect(taken(field)).toMatchObject({
      domain: 'shop.example',
      hostOnly: false,
      path: '/p',
      expires: at + 60_000,
      secure: true,
      httpOnly: true,
      sameSite: 'Strict',
      partitionKey: 'https://shop.example',
    })
  })

  test('an exact end: Max-Age before Expires, no more than 400 days', () => {
    expect(taken('a=1; Max-Age=5; Expires=Fri, 01 Jan 2100 00:00:00 GMT')?.expires).toBe(at + 5000)
    expect(taken('a=1; Expires=Fri, 02 Jan 2026 00:00:01 GMT')?.expires).toBe(at + day + 1000)
    expect(taken('a=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT')?.expires).toBe(at + 400 * day)
    expect(taken('a=1; Max-Age=99999999999999999999')?.expires).toBe(at + 400 * day)
    expect(taken('a=1; Max-Age=-5')?.expires).toBe(0)
    expect(taken('a=1; Max-Age=5x; Expires=never')?.expires).toBeNull()
  })

  test('a domain that is the host and a public suffix, or an address: the host alone', () => {
    expect(taken('a=1; Domain=github.io', 'https://github.io/')).toMatchObject({ domain: 'github.io', hostOnly: true })
    expect(taken('a=1; Domain=127.0.0.1', 'http://127.0.0.1/')).toMatchObject({ domain: '127.0.0.1', hostOnly: true })
    expect(taken('a=1; Domain=', secure)).toMatchObject({ domain: 'www.shop.example', hostOnly: true })
  })

  test('bytes above 127 as they are, also those that look like white space', () => {
    expect(taken('\u00a0a=\u00c3\u00a9\u0085')).toMatchObject({ name: '\u00a0a', value: '\u00c3\u00a9\u0085' })
  })

  test('names of prototypes like any other', () => {
    const held = new HeldCookies()
    for (const name of ['__proto__', 'constructor', 'hasOwnProperty'])
      held.take(`${name}=1; Path=/${name}`, from('https://__proto__.example/'))
    expect([...held].map(({ name }) => name)).toEqual(['__proto__', 'constructor', 'hasOwnProperty'])
    expect(held.cookieField(from('https://__proto__.example/constructor'))).toBe('constructor=1')
    expect(({} as { [name: string]: unknown }).polluted).toBeUndefined()
  })
})

describe('a cookie is rejected', () => {
  test.each<[RejectionReason, string]>([
    ['controlCharacter', 'a=1\u00002'],
    ['controlCharacter', 'a=1\n2; Path=/'],
    ['controlCharacter', 'a=1; Path=/\u007f'],
    ['controlCharacter', 'a=1\t2'],
    ['controlCharacter', 'a=1; unknown=\tx\ty'],
    ['ambiguous', '=a=1'],
    ['httpPrefix', '__Http-a=1; Secure'],
    ['httpPrefix', '__host-HTTP-a=1; Secure; HttpOnly'],
    ['foreignDomain', 'a=1; Domain=.'],
    ['empty', ''],
    ['empty', ' = ; Secure'],
    ['tooLarge', `a=${'x'.repeat(4096)}`],
    ['nonAsciiDomain', 'a=1; Domain=sh\u00c3\u00b6p.example'],
    ['foreignDomain', 'a=1; Domain=other.example'],
    ['foreignDomain', 'a=1; Domain=deep.www.shop.example'],
    ['foreignDomain', 'a=1; Domain=hop.example'],
    ['publicSuffix', 'a=1; Domain=example'],
    ['sameSiteNoneInsecure', 'a=1; SameSite=None'],
    ['partitionedInsecure', 'a=1; Partitioned'],
    ['securePrefix', '__Secure-a=1'],
    ['securePrefix', '__SECURE-a=1'],
    ['securePrefix', '=__Secure-a; Secure'],
    ['hostPrefix', '__Host-a=1; Secure'],
    ['hostPrefix', '__host-a=1; Secure; Path=/; Domain=www.shop.example'],
    ['hostPrefix', '__Host-a=1; Path=/'],
    ['hostPrefix', '__hOST-a'],
  ])('%s: %j', (why, field) => expect(reason(field)).toBe(why))

  test('publicSuffix: below co.uk anybody may have a name', () =>
    expect(reason('a=1; Domain=co.uk', 'https://shop.co.uk/')).toBe('publicSuffix'))
  test('foreignDomain: part of an address is no domain', () =>
    expect(reason('a=1; Domain=0.0.1', 'http://127.0.0.1/')).toBe('foreignDomain'))
  test('secureFromInsecure: in clear text, but for this machine', () => {
    expect(reason('a=1; Secure', clear)).toBe('secureFromInsecure')
    for (const url of ['http://localhost:8080/', 'http://a.localhost/', 'http://127.3.2.1/', 'http://[::1]/', 'wss://www.shop.example/'])
      expect(reason('a=1; Secure', url)).toBe('set')
  })
  test('by a script: httpOnlyFromScript, overwritesHttpOnly', () => {
    const held = new HeldCookies()
    expect(outcome(held, 'a=1; HttpOnly', from(secure, { by: 'script' }))).toBe('httpOnlyFromScript')
    held.take('a=1; HttpOnly', from(secure))
    expect(outcome(held, 'a=2', from(secure, { by: 'script' }))).toBe('overwritesHttpOnly')
  })
  test('crossSite: SameSite in what another site asked for', () => {
    expect(reason('a=1', secure, { from: 'crossSite' })).toBe('crossSite')
    expect(reason('a=1; SameSite=None; Secure', secure, { from: 'crossSite' })).toBe('set')
    expect(reason('a=1; SameSite=Strict', secure, { from: 'crossSiteNavigation' })).toBe('set')
  })
  test('overwritesSecure: what came over TLS is neither replaced nor hidden in clear text', () => {
    const held = new HeldCookies()
    held.take('a=1; Secure; Path=/dir', from(secure))
    for (const field of ['a=2', 'a=2; Path=/dir/deep', 'a=2; Domain=shop.example', 'a=; Max-Age=0'])
      expect(outcome(held, field, from(clear))).toBe('overwritesSecure')
    for (const field of ['a=2; Path=/', 'a=2; Path=/direct', 'b=2']) expect(outcome(held, field, from(clear))).toBe('set')
  })
  test('jarFull: what is new, once the jar is full of what has not expired', () => {
    const held = new HeldCookies({ most: 2 })
    for (const field of ['a=1; Max-Age=1', 'b=1']) held.take(field, from(secure))
    expect(outcome(held, 'c=1', from(secure))).toBe('jarFull')
    expect(outcome(held, 'b=2', from(secure))).toBe('updated')
    expect(outcome(held, 'c=1', from(secure, { at: at + 1000 }))).toBe('set')
  })
})

test('docs/cookies.md explains every reason', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/cookies.md'), 'utf8')
  expect(rejectionReasons.filter((reason) => !page.includes(`\`${reason}\``))).toEqual([])
})

describe('a request gets', () => {
  const held = new HeldCookies()
  const fields = [
    'host=1; Path=/',
    'all=2; Domain=shop.example; Path=/',
    'deep=3; Path=/dir',
    'tls=4; Secure; Path=/',
    'quiet=5; HttpOnly; Path=/',
  ]
  for (const field of fields) held.take(field, from(secure))
  held.take('strict=6; SameSite=Strict; Path=/only', from(secure))
  held.take('none=7; SameSite=None; Secure; Path=/only', from(secure))
  held.take('brief=8; Max-Age=1; Path=/only', from(secure))
  const sent = (url: string, more: Partial<CookieContext> = {}) => held.cookieField(from(url, more))

  test('longer paths first, then older ones', () => {
    expect(sent('https://www.shop.example/dir/x?y')).toBe('deep=3; host=1; all=2; tls=4; quiet=5')
  })
  test('those of its host, its path and its scheme', () => {
    expect(sent('https://www.shop.example/direct')).toBe('host=1; all=2; tls=4; quiet=5')
    expect(sent('http://www.shop.example/')).toBe('host=1; all=2; quiet=5')
    expect(sent('https://api.www.shop.example/')).toBe('all=2')
    expect(sent('https://shop.example/')).toBe('all=2')
    expect(sent('https://othershop.example/')).toBeNull()
  })
  test('no HttpOnly ones for a script', () => expect(sent('http://www.shop.example/', { by: 'script' })).toBe('host=1; all=2'))
  test('none that has expired', () => {
    expect(sent('http://www.shop.example/only')).toContain('brief=8')
    expect(sent('http://www.shop.example/only', { at: at + 1000 })).not.toContain('brief')
  })
  test('from another site: None with everything, Lax and those that say nothing with a navigation', () => {
    const url = 'https://www.shop.example/only'
    expect(sent(url, { from: 'crossSite' })).toBe('none=7')
    expect(sent(url, { from: 'crossSiteNavigation' })).toBe('none=7; brief=8; host=1; all=2; tls=4; quiet=5')
  })
  test('a path that is not decoded', () => expect(sent('https://www.shop.example/d%69r/x')).not.toContain('deep'))
  test('the value alone of one without a name', () => {
    const nameless = new HeldCookies()
    nameless.take('=x', from(secure))
    expect(nameless.cookieField(from(secure))).toBe('x')
  })
})

test('whatever is set, one cookie is held for each key, and each is found again where it was set', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '_', '=', ' ', '\t', '\u00e9', '"', ',', '/', '.', '__Host-'), maxLength: 6 })
  const attribute = fc.constantFrom(
    'Secure',
    'Path=/',
    'Path=/dir',
    'Domain=shop.example',
    'Max-Age=10',
    'Max-Age=0',
    'SameSite=None',
    'Partitioned',
    '',
  )
  const field = fc
    .tuple(word, word, fc.array(attribute, { maxLength: 4 }))
    .map(([name, value, more]) => [`${name}=${value}`, ...more].join('; '))
  const url = fc.constantFrom(secure, clear, 'https://shop.example/')
  fc.assert(
    fc.property(fc.array(fc.tuple(field, url), { maxLength: 12 }), (sets) => {
      const held = new HeldCookies()
      for (const [text, place] of sets) {
        const verdict = held.take(text, from(place))
        if (verdict.cause === 'rejected') continue
        const live = verdict.cause === 'set' || verdict.cause === 'updated'
        expect(held.find(verdict.cookie)).toEqual(live ? verdict.cookie : undefined)
      }
      const cookies = [...held]
      expect(new Set(cookies.map(keyOf)).size).toBe(held.size)
      expect(cookies.flatMap(({ name }) => [...held.named(name)]).every((cookie) => cookies.includes(cookie))).toBe(true)
      for (const cookie of cookies) held.remove(cookie)
      expect(held.size).toBe(0)
      expect(cookies.flatMap(({ name }) => [...held.named(name)])).toEqual([])
    }),
  )
})
