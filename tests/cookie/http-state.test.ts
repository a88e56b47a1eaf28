/** http-state's cases, one by one: they stand as they were written, and where the newer RFC answers otherwise, so do we, and say by which rule. */
import { describe, expect, test } from 'vitest'
import { HeldCookies } from '../../sdk/cookie/held-cookies.ts'
import { parseSetCookie } from '../../sdk/cookie/set-cookie.ts'
import { stateCases, stateDates, stateDifferences } from './cases/http-state.ts'

const origin = 'http://home.example.org:8888'
const at = Date.UTC(2026, 10, 28)

function sentTo(to: string, fields: readonly string[]): string {
  const held = new HeldCookies()
  for (const field of fields) held.take(field, { url: new URL('/cookie-parser', origin), at })
  return held.cookieField({ url: new URL(to, origin), at }) ?? ''
}

describe('what is set, and what is sent', () => {
  test.each(stateCases.map(([name, ...rest]) => ({ name, rest })))('$name', ({ name, rest: [set, sent, to] }) => {
    const [ours = sent] = stateDifferences[name] ?? []
    expect(sentTo(to ?? '/cookie-parser-result', typeof set === 'string' ? [set] : set)).toBe(ours)
  })

  test('all that the project lists, and no difference that is none', () => {
    expect(stateCases).toHaveLength(222)
    const sent = new Map(stateCases.map(([name, , field]) => [name, field]))
    for (const [name, [ours]] of Object.entries(stateDifferences)) expect([undefined, ours]).not.toContain(sent.get(name))
  })
})

test.each(stateDates)('Expires=%s: %s', (text, time) => {
  const read = parseSetCookie(`k=v; Expires=${text}`)
  const expires = typeof read === 'string' ? read : read.expires
  expect(expires).toBe(time === null ? null : Date.parse(`${time}Z`))
})
