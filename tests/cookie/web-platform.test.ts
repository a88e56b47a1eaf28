/** The tables of web-platform-tests, one by one. */
import { describe, expect, test } from 'vitest'
import { HeldCookies } from '../../sdk/cookie/held-cookies.ts'
import type { CookieContext } from '../../sdk/cookie/judge.ts'
import { siteOf } from '../../sdk/cookie/site.ts'
import { domainTable } from './cases/platform-domains.ts'
import { prefixTables } from './cases/platform-prefixes.ts'
import { type Hop, navigations, plain, requests, type Status, several, sites, ways } from './cases/platform-same-site.ts'
import { platformDifferences, platformTables } from './cases/web-platform.ts'

const at = Date.UTC(2026, 10, 28)

for (const { file, from, to: usual, by, cases } of [...platformTables, domainTable, ...prefixTables]) {
  describe(file, () => {
    test.each(cases.map(([set, sent, to = usual]) => ({ set, sent, to })))('$set: $sent', ({ set, sent, to }) => {
      const held = new HeldCookies()
      for (const field of typeof set === 'string' ? [set] : set) held.take(field, { url: new URL(from), at, by })
      expect(held.cookieField({ url: new URL(to, from), at }) ?? '').toBe(platformDifferences.get(set) ?? sent)
    })
  })
}

/** Who asks, as RFC 6265bis section 5.2 has it: another site's part in it makes all of it another site's. */
function asked(hops: readonly Hop[], status: Status): CookieContext['from'] {
  const own = siteOf(new URL(sites['same-host']))
  if (hops.every((hop) => siteOf(new URL(sites[hop])) === own)) return 'sameSite'
  return status === 'lax' ? 'crossSiteNavigation' : 'crossSite'
}

describe('samesite/', () => {
  const rows = Object.entries(requests).flatMap(([file, otherwise]) =>
    ways.map(([hops, isStrict]) => ({ file, by: hops.join(' to '), hops, status: isStrict ? ('strict' as const) : otherwise })),
  )
  const names = (table: typeof plain, status: Status) =>
    table.filter(([, goes]) => goes.includes(status)).map(([field]) => field.split(';')[0])

  test.each(rows)('$file: $by is $status', ({ hops, status }) => {
    const url = new URL(sites[hops.at(-1) as Hop])
    for (const table of [plain, several]) {
      const held = new HeldCookies()
      for (const [field] of table) held.take(field, { url, at })
      expect(held.cookieField({ url, at, from: asked(hops, status) })?.split('; ')).toEqual(names(table, status))
    }
  })

  test.each(navigations)('setcookie-navigation.https.html: a %s from %s to %s sets all: %s', (what, from, to, setsAll) => {
    const url = new URL(sites[to])
    const held = new HeldCookies()
    for (const [field] of plain) held.take(field, { url, at, from: asked([from, to], what === 'tab' ? 'lax' : 'cross-site') })
    expect([...held].map(({ name, value }) => `${name}=${value}`)).toEqual(names(plain, setsAll ? 'strict' : 'cross-site'))
  })

  test('cookies-without-samesite-must-be-secure.https.html: None is taken with Secure alone', () => {
    const url = new URL(sites['same-host'])
    const held = new HeldCookies()
    for (const field of ['insecure=1; SameSite=None', 'secure=1; SameSite=None; Secure']) held.take(field, { url, at })
    expect(held.cookieField({ url, at })).toBe('secure=1')
  })
})

describe('attributes/httponly-overwrite.https.window.js', () => {
  const url = new URL(sites['same-host'])
  test.each([
    [['a=1; Path=/'], false],
    [['a=1; Path=/; HttpOnly'], true],
    [['a=1; Path=/', 'a=1; Path=/; HttpOnly'], true],
    [['a=1; Path=/; HttpOnly', 'a=1; Path=/'], false],
  ])('%j is HttpOnly: %s', (fields, isHttpOnly) => {
    const held = new HeldCookies()
    for (const field of fields) held.take(field, { url, at })
    expect(held.cookieField({ url, at })).toBe('a=1')
    expect(held.cookieField({ url, at, by: 'script' })).toBe(isHttpOnly ? null : 'a=1')
    held.take('a=overwritten; Path=/', { url, at, by: 'script' })
    expect(held.cookieField({ url, at })).toBe(isHttpOnly ? 'a=1' : 'a=overwritten')
  })
})
