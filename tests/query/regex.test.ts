/** How far regular expressions look, so that none holds up what runs it. */
import { expect, it } from 'vitest'
import { compilePattern } from '../../sdk/query/regex.ts'

const finds = (pattern: string, text: string) => compilePattern(pattern, false, 0).find(text)
const million = 'a'.repeat(1024 * 1024 - 4)

it('a short pattern looks a million characters far', () => {
  expect(finds('[0-9]{2}b', `${million}12b`)).toBe(true)
  expect(finds('[0-9]{2}b', `${million}..12b`)).toBe(false)
})

it('one with hundreds of repetitions looks less far, by as much as it costs more', () => {
  const few = 'a'.repeat(10_000)
  expect(finds('x.{900}[cd]', `${few}x${few}d`)).toBe(false)
  expect(finds('x.{900}[cd]', `${few}x${'a'.repeat(900)}d`)).toBe(true)
  expect(finds('x.{900}[cd]', `${'a'.repeat(100_000)}x${'a'.repeat(900)}d`)).toBe(false)
})
