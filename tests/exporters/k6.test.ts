/** The script, as k6 would run it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import k6 from '../../plugins/exporters/k6.ts'
import type { Headers } from '../../sdk/model.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { exported, exportText } from '../support/exported.ts'
import { runK6 } from '../support/k6.ts'

async function runScript(exchanges: ExportedExchange[]) {
  const { text, leftOut } = await exportText(k6, exchanges, {})
  return { ...(await runK6(text)), leftOut }
}

test('makes the requests in their order, and checks their statuses', async () => {
  const headers: Headers = [
    ['Host', 'api.test'],
    ['X-A', '1'],
    ['x-a', '2'],
    ['Cookie', 'a=1'],
    ['cookie', 'b=2'],
    ['Content-Length', '4'],
  ]
  const post = exported({ request: { method: 'POST', url: 'https://api.test/p?x=é y', headers } }, { request: Buffer.from('text') })
  const { made, checks } = await runScript([post, exported({ response: { status: 404 } }), exported({ response: null, state: 'failed' })])
  expect(made[0]).toMatchObject({
    method: 'POST',
    url: 'https://api.test/p?x=%E9%20y',
    body: 'text',
    params: { headers: { 'X-A': '1, 2', Cookie: 'a=1; b=2' }, redirects: 0 },
  })
  expect(made.slice(1).map(({ method, url, body }) => [method, url, body])).toEqual([
    ['GET', 'https://origin.test/', undefined],
    ['GET', 'https://origin.test/', undefined],
  ])
  expect(checks).toEqual([
    ['POST https://api.test/p: 200', true],
    ['GET https://origin.test/: 404', false],
  ])
})

test('leaves out what is no request to make again', async () => {
  const others = [
    exported({ kind: 'tunnel' }),
    exported({ kind: 'websocket' }),
    exported({ request: { truncated: true } }),
    exported({ request: { method: 'A B' } }),
  ]
  const { made, leftOut } = await runScript(others)
  expect([made, leftOut]).toEqual([[], 4])
})

test('whatever was captured is data: every body is the same byte for byte', async () => {
  const wild = fc.oneof(
    fc.constantFrom('`$' + '{process.exit(1)}`', "'); process.exit(1) //", '</script><!--', '\u2028', '*/', '\u0000'),
    fc.string({ unit: 'binary', maxLength: 8 }),
  )
  const body = fc.oneof(
    wild.map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(wild, body), { minLength: 1, maxLength: 20 }), async (requests) => {
      const exchanges = requests.map(([text, bytes]) =>
        exported({ request: { method: 'POST', url: `https://api.test/${text}`, headers: [[text, text]] } }, { request: bytes }),
      )
      const { made } = await runScript(exchanges)
      expect(made.map((each) => Buffer.from((each.body ?? '') as string).equals(requests[made.indexOf(each)]?.[1] as Buffer))).toEqual(
        requests.map(() => true),
      )
      for (const { url } of made) expect(url).toMatch(/^[!-~]*$/)
    }),
    { numRuns: 30 },
  )
})
