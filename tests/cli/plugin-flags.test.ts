/** `weir capture --filter`. */
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePlugin } from '../../daemon/cli/plugin-flags.ts'
import type { Exchange, Session } from '../../sdk/model.ts'
import { startCaller } from '../support/caller.ts'
import { startOrigin } from '../support/origin.ts'

fc.configureGlobal({ seed: 20260131 })

const parseFilter = parsePlugin('--filter')

describe('what it takes', () => {
  test.each([
    ['redact', { plugin: 'redact', settings: [] }],
    ['sample:rate=0.1,seed=x', { plugin: 'sample', settings: ['rate=0.1', 'seed=x'] }],
    ['method:only=GET,POST', { plugin: 'method', settings: ['only=GET,POST'] }],
    ['url-contains:text=a:b=c', { plugin: 'url-contains', settings: ['text=a:b=c'] }],
    ['./mine.ts', { plugin: './mine.ts', settings: [] }],
    ['./mine.ts:word=a', { plugin: './mine.ts', settings: ['word=a'] }],
    ['C:\\mine.js:word=a', { plugin: 'C:\\mine.js', settings: ['word=a'] }],
    ['url-contains:{"regex":"a,b=c"}', { plugin: 'url-contains', settings: { regex: 'a,b=c' } }],
  ])('%s', (text, expected) => {
    expect(parseFilter(text)).toEqual(expected)
  })

  test.each(['', ':', 'sample:', 'sample:0.1', 'sample:{', ':rate=1'])('%j is refused', (text) => {
    expect(() => parseFilter(text)).toThrow(/^--filter /)
  })

  test('any settings, and any config as JSON', () => {
    const key = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/)
    const value = fc.string().filter((text) => !/,[A-Za-z_][\w-]*=/.test(`${text},`))
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value), { minLength: 1 }), (pairs) => {
        const settings = pairs.map((pair) => pair.join('='))
        expect(parseFilter(`mine:${settings.join(',')}`)).toEqual({ plugin: 'mine', settings })
      }),
    )
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (config) => {
        expect(parseFilter(`mine:${JSON.stringify(config)}`)).toEqual({ plugin: 'mine', settings: JSON.parse(JSON.stringify(config)) })
      }),
    )
  })
})

test('filters take their turn on what is captured, by name and by path; a wrong one is said and captures nothing', async () => {
  const { weir, json, folder } = await startCaller()
  const origin = await startOrigin((_, response) => response.end('hello'), { tls: false })
  const urls = ['/a', '/health', '/a', '/b'].flatMap((path) => ['-o', '/dev/null', `${origin.url}${path}`])
  const examples = join(import.meta.dirname, '../../examples')
  const filters = ['--filter', 'url-excludes:text=/health,/ping', '--filter', 'filters/no-repeats.ts:urls=5']
  const { code, stderr } = await weir(['capture', '--name', 'it', ...filters, '--', 'curl', '-sS', ...urls], { cwd: examples })
  expect({ code, stderr }).toMatchObject({ code: 0 })
  expect(((await json('ls', 'it')) as Exchange[]).map(({ request }) => new URL(request.url).pathname)).toEqual(['/a', '/b'])
  const [session] = (await json('sessions')) as Session[]
  expect(session?.filters).toEqual([
    { plugin: 'url-excludes', config: { text: ['/health', '/ping'] } },
    { plugin: join(examples, 'filters/no-repeats.ts'), config: { urls: 5 } },
  ])

  const refused = async (filter: string) => (await weir(['capture', '--filter', filter, '--', 'touch', join(folder, 'ran')])).stderr
  expect(await refused('sample:rate=some')).toBe('weir: --filter sample: rate is a number, not "some"\n')
  expect(await refused('sample:rte=1')).toMatch(/^weir: --filter: filter sample cannot be used: .*\/config\/rte is not known here/)
  expect(await refused('nothing')).toMatch(/^weir: --filter: there is no filter of that name; there are: .*sample/)
  expect(await json('sessions')).toHaveLength(1)
})
