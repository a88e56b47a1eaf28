/** weir browser: a real Chromium, the live table, and its end. */
import { expect, test, vi } from 'vitest'
import type { Session } from '../../sdk/model.ts'
import type { SourceInfo } from '../../sdk/source.ts'
import { startCaller } from '../support/caller.ts'
import { chromiumPath } from '../support/chromium.ts'
import { startWeir } from '../support/command-line.ts'
import { startOrigin } from '../support/origin.ts'

const executable = chromiumPath ?? ''
const slow = { timeout: 180_000 }
const page = '<!doctype html><link rel="icon" href="data:,"><script>fetch("/asked")</script>'

test.skipIf(chromiumPath === null)('a browser of its own session: what it asks is shown, and Ctrl-C ends both', slow, async () => {
  const { env, json } = await startCaller()
  const origin = await startOrigin((request, response) =>
    request.url === '/' ? response.setHeader('content-type', 'text/html').end(page) : response.end('hello'),
  )
  const running = startWeir(['browser', `${origin.url}/`, '--headless', '--executable', executable, '--name', 'mine'], { env })
  await running.prints(/Chrom\S* \S+ tells session mine of its requests \(source (\S+)\)/)
  await running.prints(/Ctrl-C, or close the browser/)
  await running.prints(/GET +200 .* https:\/\/localhost:\d+\/asked$/m)
  const [listed] = (await json('browser', 'list')) as [SourceInfo]
  expect(listed).toMatchObject({ kind: 'browser', browser: expect.stringMatching(/Chrom/) })
  running.kill('SIGINT')
  const { code, stdout } = await running.ended
  expect(code).toBe(0)
  expect(stdout).toMatch(/session mine ended after .*: \d+ exchanges/)
  expect(await json('browser', 'list')).toEqual([])
  expect((await json('sessions')) as Session[]).toMatchObject([{ name: 'mine', state: 'stopped' }])
})

test.skipIf(chromiumPath === null)('in a session that runs: it ends with the browser, and the session goes on', slow, async () => {
  const { env, client, weir } = await startCaller()
  const { id } = await client.call('session/start', { name: 'running' })
  const running = startWeir(['browser', '--session', 'running', '--headless', '--executable', executable, '--json'], { env })
  const [, sourceId = ''] = await running.prints(/"sourceId": ?"([^"]+)"/)
  await vi.waitFor(async () => expect((await client.call('source/list', { sessionId: id })).items).toHaveLength(1))
  expect((await weir(['browser', 'list'])).stdout).toMatch(new RegExp(`${sourceId} +browser .* running +Chrom`))
  expect((await weir(['browser', 'stop', sourceId])).code).toBe(0)
  // What somebody stops elsewhere ends here, too.
  expect((await running.ended).code).toBe(0)
  expect((await client.call('session/get', { sessionId: id })).state).toBe('running')
})

test('what makes no sense is refused with what would', async () => {
  const { weir } = await startCaller()
  const refused = async (...words: string[]) => {
    const { code, stderr } = await weir(['browser', ...words])
    return `${code} ${stderr}`
  }
  expect(await refused('--session', 'last', '--name', 'x')).toMatch(
    /^2 .*--name: only for a session of its own, so leave it out, or --session/,
  )
  expect(await refused('--endpoint', 'http://127.0.0.1:1', '--headless', '--profile', 'x')).toMatch(
    /^2 .*--profile, --headless: only for a browser that is started/,
  )
  expect(await refused('--session', 'nobody')).toMatch(/^1 .*there is no session/)
  expect(await refused('stop', 'nobody')).toMatch(/^1 .*there is no source "nobody"/)
})
