/**
 * The rules as tables in our own terms: what an origin sends, what the next request carries. http-state's cases and the tables of web-platform-tests
 * stand beside them, one by one.
 */
import { describe, expect, test } from 'vitest'
import { HeldCookies } from '../../sdk/cookie/held-cookies.ts'
import type { CookieContext } from '../../sdk/cookie/judge.ts'
import { parseSetCookie } from '../../sdk/cookie/set-cookie.ts'

const at = Date.UTC(2026, 0, 1)

/** The Cookie field that goes `to` a URL after a response `from` another set these. */
function sent(fields: readonly string[], to = 'http://www.site.test/deep/page', from = to, more: Partial<CookieContext> = {}): string {
  const held = new HeldCookies()
  for (const field of fields) held.take(field, { url: new URL(from), at, ...more })
  return held.cookieField({ url: new URL(to), at, ...more }) ?? ''
}

type Row = readonly [fields: string | readonly string[], cookie: string]
const rows = (table: readonly Row[]): [string, readonly string[], string][] =>
  table.map(([fields, cookie]) => [JSON.stringify(fields), typeof fields === 'string' ? [fields] : fields, cookie])

describe('names and values', () => {
  test.each(
    rows([
      ['k=v', 'k=v'],
      ['  k =  v  ', 'k=v'],
      ['\tk\t=\tv\t;', 'k=v'],
      ['k=', 'k='],
      ['k= ; Path=/', 'k='],
      ['k', 'k'],
      ['=v', 'v'],
      [' = v', 'v'],
      ['', ''],
      ['=', ''],
      ['   ', ''],
      ['\t', ''],
      ['; Path=/', ''],
      ['=; Path=/', ''],
      ['=k=v', ''],
      ['==k', ''],
      ['k=v=w', 'k=v=w'],
      ['k==v', 'k==v'],
      ['k=v;', 'k=v'],
      ['k=v;;;', 'k=v'],
      ['k=v;other', 'k=v'],
      ['k;v=w', 'k'],
      ['k=v, l=w', 'k=v, l=w'],
      ['k=a,b,c', 'k=a,b,c'],
      ['k,l=v', 'k,l=v'],
      ['"k"=v', '"k"=v'],
      ['k="v"', 'k="v"'],
      ['k=" v "', 'k=" v "'],
      ['k="v;w"', 'k="v'],
      ['k="v', 'k="v'],
      ["k='v'", "k='v'"],
      ['k=a b', 'k=a b'],
      ['k l=v', 'k l=v'],
      ['k=%20%3b', 'k=%20%3b'],
      ['k=\\"v\\"', 'k=\\"v\\"'],
      ['k@#$^&*()[]{}=v', 'k@#$^&*()[]{}=v'],
      ['$k=v', '$k=v'],
      ['k=$Version=1', 'k=$Version=1'],
      ['k:l=v', 'k:l=v'],
      ['k<>?/=v', 'k<>?/=v'],
      ['k=\u00c3\u00a9', 'k=\u00c3\u00a9'],
      ['\u00e6\u0097\u00a5=v', '\u00e6\u0097\u00a5=v'],
      ['k=\u0080\u00ff', 'k=\u0080\u00ff'],
      ['k=\u00a0v\u00a0', 'k=\u00a0v\u00a0'],
      ['constructor=v', 'constructor=v'],
      ['secure=v', 'secure=v'],
      ['expires=v', 'expires=v'],
      [['k=v', 'k=w'], 'k=w'],
      [['k=v', 'K=w'], 'k=v; K=w'],
      [['k=v', 'l=w'], 'k=v; l=w'],
      [['l=w', 'k=v'], 'l=w; k=v'],
      [['k=v', 'l=w', 'k=x'], 'k=x; l=w'],
      [['k', 'l'], 'l'],
      [['k', '=l'], 'l'],
      [['k', ''], 'k'],
      [['k=v', 'k'], 'k=v; k'],
    ]),
  )('%s', (_, fields, cookie) => expect(sent(fields)).toBe(cookie))

  const controls = Array.from({ length: 32 }, (_, code) => code).concat(127)
  test.each(controls)('no control character is in a cookie, whatever it stands in: %i', (code) => {
    const control = String.fromCharCode(code)
    for (const field of [`k${control}l=v`, `k=v${control}w`, `k=v; Path=/${control}x`, `k=v; unknown${control}x`])
      expect(parseSetCookie(field)).toBe('controlCharacter')
  })

  test.each<[number, number, number, string]>([
    [1, 4095, 0, 'sent'],
    [4095, 1, 0, 'sent'],
    [4096, 0, 0, 'sent'],
    [0, 4096, 0, 'sent'],
    [1, 4096, 0, 'tooLarge'],
    [4097, 0, 0, 'tooLarge'],
    [1, 4095, 1000, 'sent'],
    [1, 1, 1_000_000, 'sent'],
  ])('a name of %i and a value of %i bytes, with attributes of %i: %s', (name, value, more, outcome) => {
    const read = parseSetCookie(`${'k'.repeat(name)}=${'v'.repeat(value)}; unknown=${'x'.repeat(more)}`)
    expect(typeof read === 'string' ? read : 'sent').toBe(outcome)
  })
})

describe('attributes', () => {
  const secure = 'https://www.site.test/deep/page'
  const flags = (field: string) => {
    const read = parseSetCookie(`k=v${field}`)
    if (typeof read === 'string') return read
    return [read.secure && 'Secure', read.httpOnly && 'HttpOnly', read.partitioned && 'Partitioned', read.sameSite]
      .filter((flag) => flag !== false && flag !== null)
      .join()
  }
  test.each([
    ['; Secure', 'Secure'],
    [';secure', 'Secure'],
    ['; seCURe', 'Secure'],
    ['; Secure=', 'Secure'],
    ['; Secure=false', 'Secure'],
    ['; Secure =x', 'Secure'],
    ['; Secure   ;x', 'Secure'],
    ['; "Secure"', ''],
    ['; Secure x', ''],
    ['; Secured', ''],
    ['; HttpOnly', 'HttpOnly'],
    ['; HTTPONLY=no; secure', 'Secure,HttpOnly'],
    ['; Partitioned', 'Partitioned'],
    ['; partitioned=0', 'Partitioned'],
    ['; SameSite=Strict', 'Strict'],
    ['; samesite=LAX', 'Lax'],
    ['; SameSite=none', 'None'],
    ['; SameSite', ''],
    ['; SameSite=', ''],
    ['; SameSite=lax strict', ''],
    ['; SameSite="Strict"', ''],
    ['; SameSite=Strict; SameSite=Lax', 'Lax'],
    ['; SameSite=Strict; SameSite=what', ''],
    [`; SameSite=${' '.repeat(2000)}Strict`, 'Strict'],
    ['; Version=1; Comment=x; Priority=High', ''],
    [',Secure', ''],
  ])('%j', (field, expected) => expect(flags(field)).toBe(expected))

  test('Secure ones go over TLS alone', () => {
    expect(sent(['k=v; Secure'], secure)).toBe('k=v')
    expect(sent(['k=v; Secure'], 'http://www.site.test/', secure)).toBe('')
  })
})

describe('dates', () => {
  const read = (date: string) => {
    const field = parseSetCookie(`k=v; Expires=${date}`)
    return typeof field === 'string' || field.expires === null ? null : new Date(field.expires).toISOString().replace('.000Z', '')
  }
  test.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37'],
    ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37'],
    ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37'],
    ['06 Nov 1994 08:49:37', '1994-11-06T08:49:37'],
    ['08:49:37 06 Nov 1994', '1994-11-06T08:49:37'],
    ['1994 Nov 06 08:49:37', '1994-11-06T08:49:37'],
    ['Nov 1994 6 8:49:37', '1994-11-06T08:49:37'],
    ['06-NOVember-1994 8:9:7', '1994-11-06T08:09:07'],
    ['06/Nov/1994//08:49:37', '1994-11-06T08:49:37'],
    ['Sun, 06 Nov 1994 08:49:37 GMT+0200 (CEST)', '1994-11-06T08:49:37'],
    ['06 Nov 70 00:00:00', '1970-11-06T00:00:00'],
    ['06 Nov 69 00:00:00', '2069-11-06T00:00:00'],
    ['06 Nov 00 00:00:00', '2000-11-06T00:00:00'],
    ['06 Nov 99 23:59:59', '1999-11-06T23:59:59'],
    ['29 Feb 2028 00:00:00', '2028-02-29T00:00:00'],
    ['01 Jan 1601 00:00:00', '1601-01-01T00:00:00'],
    ['31 Dec 9999 23:59:59', '9999-12-31T23:59:59'],
    ['06 Nov 1994 08:49:37x', '1994-11-06T08:49:37'],
    ['06th Nov 1994 08:49:37', '1994-11-06T08:49:37'],
    ['29 Feb 2027 00:00:00', null],
    ['31 Apr 2027 00:00:00', null],
    ['00 Nov 1994 08:49:37', null],
    ['32 Nov 1994 08:49:37', null],
    ['06 Nov 1600 08:49:37', null],
    ['06 Nov 1994 24:00:00', null],
    ['06 Nov 1994 08:60:00', null],
    ['06 Nov 1994 08:00:60', null],
    ['06 Nov 1994 08:49', null],
    ['06 Nov 1994 08: 49:37', null],
    ['06 11 1994 08:49:37', null],
    ['06 Nov 08:49:37', null],
    ['Nov 1994 08:49:37', null],
    ['006 Nov 1994 08:49:37', null],
    ['06 Nov 19945 08:49:37', null],
    ['1994-11-06T08:49:37Z', null],
    ['784111777', null],
    ['', null],
    ['never', null],
  ])('%j', (date, expected) => expect(read(date)).toBe(expected))

  const lives = (field: string) => sent([`k=v; ${field}`]) === 'k=v'
  test.each<[string, boolean]>([
    ['Expires=Fri, 02 Jan 2026 00:00:00 GMT', true],
    ['Expires=Thu, 01 Jan 2026 00:00:00 GMT', false],
    ['Expires=Thu, 01 Jan 1970 00:00:00 GMT', false],
    ['Expires=never', true],
    ['Expires=', true],
    ['Max-Age=1', true],
    ['max-age=0', false],
    ['Max-Age=-1', false],
    ['Max-Age=-9999999999999999999', false],
    ['Max-Age=00010', true],
    ['Max-Age=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT', true],
    ['Expires=Fri, 02 Jan 2026 00:00:00 GMT; Max-Age=0', false],
    ['Max-Age=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT', false],
    ['Max-Age=', true],
    ['Max-Age=0.5', true],
    ['Max-Age="0"', true],
    ['Max-Age=-', true],
    ['Max-Age=0, x', true],
    ['Max-Age=1; Max-Age=0', false],
    ['Max-Age=0; Max-Age=1', true],
  ])('%s leaves it: %s', (field, expected) => expect(lives(field)).toBe(expected))
})

describe('domains: set at www.site.test, sent to', () => {
  test.each([
    ['', 'www.site.test', true],
    ['', 'site.test', false],
    ['', 'a.www.site.test', false],
    ['site.test', 'www.site.test', true],
    ['site.test', 'site.test', true],
    ['site.test', 'other.site.test', true],
    ['site.test', 'a.b.site.test', true],
    ['site.test', 'notsite.test', false],
    ['.site.test', 'site.test', true],
    ['.SITE.Test', 'other.site.test', true],
    ['www.site.test', 'www.site.test', true],
    ['www.site.test', 'a.www.site.test', true],
    ['www.site.test', 'site.test', false],
    [' site.test ', 'site.test', true],
    ['..site.test', 'www.site.test', false],
    ['site.test.', 'www.site.test', false],
    ['"site.test"', 'www.site.test', false],
    ['site.test:80', 'www.site.test', false],
    ['http://site.test', 'www.site.test', false],
    ['a.www.site.test', 'a.www.site.test', false],
    ['other.test', 'other.test', false],
    ['test', 'www.site.test', false],
    ['.test', 'www.site.test', false],
    ['.', 'www.site.test', false],
    ['ite.test', 'www.site.test', false],
    ['ww.site.test', 'www.site.test', false],
    ['site.test; Domain=', 'www.site.test', true],
    ['site.test; Domain=', 'site.test', false],
    ['other.test; Domain=site.test', 'site.test', true],
    ['site.test; Domain=other.test', 'site.test', false],
  ])('Domain=%s: %s: %s', (domain, host, expected) =>
    expect(sent([`k=v; Domain=${domain}`], `http://${host}/deep/page`, 'http://www.site.test/deep/page')).toBe(expected ? 'k=v' : ''),
  )

  test.each([
    ['127.0.0.1', '127.0.0.1', 'k=v'],
    ['127.0.0.1', '0.0.1', ''],
    ['127.0.0.1', '.0.0.1', ''],
    ['[::1]', '[::1]', 'k=v'],
    ['localhost', 'localhost', 'k=v'],
    ['a.localhost', 'localhost', ''],
    ['shop.co.uk', 'co.uk', ''],
    ['shop.co.uk', 'shop.co.uk', 'k=v'],
    ['me.github.io', 'github.io', ''],
    ['github.io', 'github.io', 'k=v'],
    ['xn--bcher-kva.test', 'xn--bcher-kva.test', 'k=v'],
  ])('at %s Domain=%s: %j', (host, domain, cookie) => expect(sent([`k=v; Domain=${domain}`], `http://${host}/`)).toBe(cookie))
})

describe('paths: set at /deep/page, sent to', () => {
  test.each([
    [null, '/deep/page', true],
    [null, '/deep/', true],
    [null, '/deep', true],
    [null, '/deeper', false],
    [null, '/', false],
    ['/', '/', true],
    ['/', '/any/thing', true],
    ['/deep', '/deep', true],
    ['/deep', '/deep/', true],
    ['/deep', '/deep/x', true],
    ['/deep', '/deep?x', true],
    ['/deep', '/deepx', false],
    ['/deep', '/Deep', false],
    ['/deep/', '/deep', false],
    ['/deep/', '/deep/', true],
    ['/deep/', '/deep/x/y', true],
    ['/other', '/other/x', true],
    ['/other', '/deep/page', false],
    ['', '/deep/x', true],
    ['', '/', false],
    ['deep', '/deep/x', true],
    ['"/"', '/', false],
    ['/x; Path=', '/deep/x', true],
    ['/x; Path=/y', '/y', true],
    ['/x; Path=/y', '/x', false],
    ['/%64eep', '/deep', false],
    ['/deep%2fpage', '/deep/page', false],
    ['//', '/', false],
    ['/a b', '/a%20b', false],
    ['/\u00e9', '/%C3%A9', false],
    [`/${'x'.repeat(1023)}`, `/${'x'.repeat(1023)}`, true],
    [`/${'x'.repeat(1024)}`, '/deep/x', true],
  ])('Path=%s: %s: %s', (path, to, expected) =>
    expect(sent([path === null ? 'k=v' : `k=v; Path=${path}`], `http://www.site.test${to}`, 'http://www.site.test/deep/page')).toBe(
      expected ? 'k=v' : '',
    ),
  )

  test('longer ones first, then older ones', () => {
    const fields = ['b=1; Path=/', 'a=2; Path=/', 'c=3; Path=/deep/', 'd=4; Path=/deep']
    expect(sent(fields)).toBe('c=3; d=4; b=1; a=2')
  })
})

describe('prefixes', () => {
  const taken = (field: string, url = 'https://www.site.test/') => sent([field], url) !== ''
  const all = '; Secure; HttpOnly; Path=/'
  const prefixes = ['__Secure-', '__SeCuRe-', '__Host-', '__hOST-', '__Http-', '__HTTP-', '__Host-Http-', '__host-http-']
  test.each(prefixes)('%s holds with all it may want, over TLS and on this machine', (prefix) => {
    expect(taken(`${prefix}k=v${all}`)).toBe(true)
    expect(taken(`${prefix}k=v${all}`, 'http://localhost/')).toBe(true)
    expect(taken(`${prefix}k=v${all}`, 'http://www.site.test/')).toBe(false)
    expect(taken(`${prefix}k=v; HttpOnly; Path=/`)).toBe(false)
    expect(taken(`=${prefix}k${all}`)).toBe(false)
    expect(taken(`${prefix}k${all}`)).toBe(false)
  })
  test.each([
    ['__Secure-k=v; Secure', true],
    ['__Secure-k=v; Secure; Domain=site.test; Path=/x', true],
    ['__Host-k=v; Secure; Path=/; Domain=', true],
    ['__Host-k=v; Secure; Path=/; Domain=site.test', false],
    ['__Host-k=v; Secure; Path=/; Domain=www.site.test', false],
    ['__Host-k=v; Secure; Path=/x', false],
    ['__Host-k=v; Secure', false],
    ['__Http-k=v; Secure', false],
    ['__Http-k=v; Secure; HttpOnly; Domain=site.test', true],
    ['__Host-Http-k=v; Secure; Path=/', false],
    ['__Secure=v', true],
    ['_Host-k=v', true],
    ['__Hostk=v', true],
    ['x__Host-k=v', true],
  ])('%s: %s', (field, expected) => expect(taken(field, 'https://www.site.test/x/y') || taken(field)).toBe(expected))
})

describe('SameSite', () => {
  const fields = ['none=1; SameSite=None; Secure', 'lax=1; SameSite=Lax', 'strict=1; SameSite=Strict', 'unsaid=1', 'odd=1; SameSite=odd']
  const url = 'https://www.site.test/'
  const goes = (from: CookieContext['from'], setFrom: CookieContext['from']) => {
    const held = new HeldCookies()
    for (const field of fields) held.take(field, { url: new URL(url), at, from: setFrom })
    return held.cookieField({ url: new URL(url), at, from })
  }
  test.each([
    ['sameSite', 'sameSite', 'none=1; lax=1; strict=1; unsaid=1; odd=1'],
    ['crossSiteNavigation', 'sameSite', 'none=1; lax=1; unsaid=1; odd=1'],
    ['crossSite', 'sameSite', 'none=1'],
    ['sameSite', 'crossSiteNavigation', 'none=1; lax=1; strict=1; unsaid=1; odd=1'],
    ['sameSite', 'crossSite', 'none=1'],
  ] as const)('sent %s, set %s: %s', (from, setFrom, cookie) => expect(goes(from, setFrom)).toBe(cookie))
})
