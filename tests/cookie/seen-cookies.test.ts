import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Cookie } from '../../sdk/cookie/cookie.ts'
import { CookieState, cookiePairs, type SeenChange, SeenCookies } from '../../sdk/cookie/seen-cookies.ts'

const at = Date.UTC(2026, 0, 1)
const url = new URL('https://www.shop.example/cart')
const elsewhere = new URL('https://api.shop.example/')
const short = ({ cause, cookie, reason }: SeenChange) => `${cause} ${reason ?? `${cookie?.name}=${cookie?.value}`}`
const sent = (seen: SeenCookies, field: string, from = url) => seen.sent(cookiePairs([field]), { url: from, at }).map(short)
const set = (seen: SeenCookies, field: string, from = url) => short(seen.set(field, { url: from, at }))

describe('a Cookie field', () => {
  test('that nothing before explains is a change, once', () => {
    const seen = new SeenCookies()
    expect(sent(seen, 'sid=1; theme=dark')).toEqual(['sent sid=1', 'sent theme=dark'])
    expect(sent(seen, 'theme=dark; sid=1')).toEqual([])
    expect(sent(seen, 'sid=2')).toEqual(['sent sid=2'])
  })

  test('that sends back what a response has set is none', () => {
    const seen = new SeenCookies()
    set(seen, 'sid=1; Domain=shop.example')
    expect(sent(seen, 'sid=1')).toEqual([])
    expect(sent(seen, 'sid=1', elsewhere)).toEqual([])
    expect(sent(seen, 'sid=1', new URL('https://other.example/'))).toEqual(['sent sid=1'])
  })

  test('with another value of a known cookie keeps what is known of it', () => {
    const seen = new SeenCookies()
    seen.set('seen=no; Max-Age=60; Path=/cart; Secure', { url, at })
    const [change] = seen.sent(cookiePairs(['seen=yes']), { url, at: at + 1 })
    expect(change).toMatchObject({ cause: 'sent', cookie: { value: 'yes', path: '/cart', secure: true, expires: at + 60_000 } })
  })

  test('may hold several of a name, and pairs without one', () => {
    const seen = new SeenCookies()
    expect(sent(seen, 'a=1; a=2; lone; =x;; ')).toEqual(['sent a=1', 'sent a=2', 'sent =lone', 'sent =x'])
    expect(sent(seen, 'a=1; a=2; lone; =x')).toEqual([])
  })
})

describe('a Set-Cookie field', () => {
  test('is set, updated, deleted, expired or rejected', () => {
    const seen = new SeenCookies()
    const fields = ['a=1', 'a=2', 'a=; Max-Age=0', 'a=; Max-Age=0', '__Host-a=1', 'b=1; Domain=other.example']
    expect(fields.map((field) => set(seen, field))).toEqual([
      'set a=1',
      'updated a=2',
      'deleted a=',
      'expired a=',
      'rejected hostPrefix',
      'rejected foreignDomain',
    ])
  })

  test('says what a cookie is that was only sent before', () => {
    const seen = new SeenCookies()
    sent(seen, 'sid=1')
    expect(set(seen, 'sid=2; Domain=shop.example; Path=/cart')).toBe('set sid=2')
    expect(sent(seen, 'sid=2')).toEqual([])
    expect(sent(seen, 'sid=1')).toEqual(['sent sid=1'])
  })

  test('deletes one that was only sent before', () => {
    const seen = new SeenCookies()
    sent(seen, 'sid=1')
    expect(set(seen, 'sid=; Path=/cart; Max-Age=0')).toBe('deleted sid=')
    expect(sent(seen, 'sid=1')).toEqual(['sent sid=1'])
  })
})

test('a cookie whose time has come expires at that time, once', () => {
  const seen = new SeenCookies()
  seen.set('a=1; Max-Age=10', { url, at })
  seen.set('b=1; Max-Age=20', { url, at })
  expect(seen.expire(at + 9_999)).toEqual([])
  expect(seen.expire(at + 15_000)).toMatchObject([{ at: at + 10_000, cause: 'expired', cookie: { name: 'a' } }])
  expect(seen.expire(at + 15_000)).toEqual([])
  expect(seen.expire(at + 20_000).map(short)).toEqual(['expired b=1'])
})

const value = fc.constantFrom('1', '2')
const field = fc
  .tuple(
    fc.constantFrom('a', 'b'),
    value,
    fc.constantFrom('', '; Domain=shop.example', '; Path=/x'),
    fc.constantFrom('', '; Max-Age=0', '; Max-Age=5'),
  )
  .map(([name, of, scope, life]) => `${name}=${of}${scope}${life}`)
const action = fc.oneof(fc.record({ sent: fc.tuple(value, value).map(([a, b]) => `a=${a}; b=${b}`) }), fc.record({ set: field }))

const taken = (changes: readonly SeenChange[]) => {
  const seen = new SeenCookies()
  for (const change of changes) seen.restore(JSON.parse(JSON.stringify(change)))
  return seen
}

test('taken up again from its changes it tells the same, and what they say is held explains what is sent', () => {
  const run = (seen: SeenCookies, index: number, step: { sent: string } | { set: string }) => {
    const now = at + index * 1000
    return [
      ...seen.expire(now),
      ...('sent' in step ? seen.sent(cookiePairs([step.sent]), { url, at: now }) : [seen.set(step.set, { url, at: now })]),
    ]
  }
  fc.assert(
    fc.property(fc.array(action, { maxLength: 15 }), fc.nat(15), (actions, kill) => {
      const straight = new SeenCookies()
      let seen = new SeenCookies()
      const all: SeenChange[] = []
      actions.forEach((step, index) => {
        if (index === kill) seen = taken(all)
        const changes = run(seen, index, step)
        expect(changes).toEqual(run(straight, index, step))
        all.push(...changes)
      })
      const state = new CookieState<SeenChange>()
      for (const change of all) state.apply(change)
      const end = at + actions.length * 1000
      const pairs = state.at(end).map(({ cookie }) => `${(cookie as Cookie).name}=${(cookie as Cookie).value}`)
      const later = taken(all)
      later.expire(end)
      expect(later.sent(cookiePairs(pairs), { url, at: end })).toEqual([])
    }),
    { numRuns: 500 },
  )
})
