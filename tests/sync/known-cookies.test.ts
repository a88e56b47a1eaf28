import { expect, test } from 'vitest'
import { KnownCookies } from '../../daemon/sync/known-cookies.ts'
import { TargetView } from '../../daemon/sync/target-view.ts'
import { parseCookieDomain } from '../../sdk/cookie/cookie-domain.ts'
import { testCookie } from '../../sdk/testing.ts'

const at = Date.UTC(2026, 0, 1)
const shop = parseCookieDomain('shop.example')
const values = (known: KnownCookies, now = at) => known.held(now).map(({ name, value }) => `${name}=${value}`)

test('the newest word counts, also that a cookie has gone', () => {
  const known = new KnownCookies()
  const first = testCookie({ value: '1' })
  expect(known.offer({ put: first }, at)).toBe('taken')
  expect(known.offer({ put: testCookie({ value: '2' }) }, at + 5)).toBe('taken')
  expect(known.offer({ put: testCookie({ value: '3' }) }, at + 4)).toBe('older')
  expect(known.offer({ gone: first }, at + 6)).toBe('taken')
  expect(known.offer({ put: testCookie({ value: '4' }) }, at + 5)).toBe('older')
  expect(values(known)).toEqual([])
  expect(known.offer({ put: testCookie({ value: '5' }) }, at + 7)).toBe('taken')
  expect(values(known)).toEqual(['sid=5'])
})

test('what is known already is no change, and what nobody knew cannot go', () => {
  const known = new KnownCookies()
  known.offer({ put: testCookie({ value: '1' }) }, at)
  expect(known.offer({ put: testCookie({ value: '1', sameSite: 'Lax' }) }, at + 1)).toBe('same')
  expect(known.offer({ gone: testCookie({ name: 'other' }) }, at)).toBe('same')
})

test('expired ones are not held; what went long ago is forgotten', () => {
  const known = new KnownCookies()
  known.offer({ put: testCookie({ expires: at + 10 }) }, at)
  known.offer({ put: testCookie({ name: 'b' }) }, at)
  known.offer({ gone: testCookie({ name: 'b' }) }, at + 1)
  expect([values(known, at + 9), values(known, at + 10)]).toEqual([['sid=1'], []])
  known.offer({ put: testCookie({ name: 'c' }) }, at)
  expect(known.entries(at + 31 * 24 * 3600 * 1000).map(({ cookie }) => cookie.name)).toEqual(['c'])
})

test('a target tells news once, and what came from here is none', () => {
  const known = new KnownCookies()
  const ours = testCookie({ value: '1', sameSite: 'Lax' })
  known.offer({ put: ours }, at)
  const view = new TargetView()
  const look = (...cookies: ReturnType<typeof testCookie>[]) => view.look({ cookies, at: at + 50 }, shop, known, at + 100)
  const theirs = testCookie({ name: 'theirs', updatedAt: at + 20 })
  expect(look({ ...ours, sameSite: null }, theirs, testCookie({ domain: 'other.example' }))).toEqual([
    { change: { put: theirs }, at: at + 20 },
  ])
  expect(look(ours, theirs)).toEqual([])
  known.offer({ put: theirs }, at + 20)
  // Somebody else changed one and removed the other.
  const changed = testCookie({ value: '2', updatedAt: at + 40 })
  expect(look(changed)).toMatchObject([
    { change: { put: { value: '2', sameSite: 'Lax' } }, at: at + 40 },
    { change: { gone: { name: 'theirs' } }, at: at + 50 },
  ])
})

test('what was handed to it came from here, also when it is seen there late', () => {
  const known = new KnownCookies()
  const ours = testCookie()
  known.offer({ put: ours }, at)
  const view = new TargetView()
  view.handed([{ put: ours }])
  known.offer({ gone: ours }, at + 5)
  expect(view.look({ cookies: [{ ...ours, updatedAt: at + 10 }], at: at + 10 }, shop, known, at + 10)).toEqual([])
  const other = testCookie({ value: '2', updatedAt: at + 20 })
  expect(view.look({ cookies: [other], at: at + 20 }, shop, known, at + 20)).toMatchObject([{ change: { put: { value: '2' } } }])
})

test('what a target has never held, or has lost because it went here, has not gone there', () => {
  const known = new KnownCookies()
  const [a, b] = [testCookie({ name: 'a' }), testCookie({ name: 'b' })]
  known.offer({ put: a }, at)
  known.offer({ put: b }, at)
  const view = new TargetView()
  expect(view.look({ cookies: [b], at }, shop, known, at)).toEqual([])
  known.offer({ gone: b }, at + 1)
  expect(view.look({ cookies: [], at }, shop, known, at)).toEqual([])
  expect(view.look({ cookies: [], at: at + 9 }, shop, known, at + 9)).toEqual([])
})

test('a cookie that went and is set again at once has not gone once more', () => {
  const known = new KnownCookies()
  const cookie = testCookie()
  const view = new TargetView()
  known.offer({ put: cookie }, at)
  view.handed([{ put: cookie }])
  expect(view.look({ cookies: [cookie], at }, shop, known, at)).toEqual([])
  known.offer({ gone: cookie }, at + 1)
  view.handed([{ gone: cookie }])
  known.offer({ put: testCookie({ value: 'again' }) }, at + 2)
  expect(view.look({ cookies: [], at: at + 50 }, shop, known, at + 50)).toEqual([])
})

test('of what an origin says attributes count, too; of what a target says they do not', () => {
  const known = new KnownCookies()
  known.offer({ put: testCookie({ httpOnly: false }) }, at)
  expect(known.offer({ put: testCookie({ httpOnly: true }) }, at + 1)).toBe('same')
  expect(known.captured({ put: testCookie({ httpOnly: true }) }, at + 2)).toBe('taken')
  expect(known.held(at)).toMatchObject([{ httpOnly: true }])
  expect(known.captured({ put: testCookie({ httpOnly: true }) }, at + 3)).toBe('same')
})

test('a target that was away is not in step with what went meanwhile', () => {
  const known = new KnownCookies()
  const cookie = testCookie()
  known.offer({ put: cookie }, at)
  const view = new TargetView()
  const inStep = () => known.entries(at).map((one) => view.isInStep(one))
  expect(inStep()).toEqual([false])
  view.handed([{ put: cookie }])
  expect(inStep()).toEqual([true])
  known.offer({ gone: cookie }, at + 1)
  const later = new TargetView(view.entries(known))
  expect(known.entries(at).map((one) => later.isInStep(one))).toEqual([false])
})
