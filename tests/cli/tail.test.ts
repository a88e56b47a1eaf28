import { expect, test } from 'vitest'
import type { Exchange } from '../../sdk/model.ts'
import { startCaller } from '../support/caller.ts'
import { startWeir } from '../support/command-line.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

async function capturing() {
  const caller = await startCaller()
  const origin = await startOrigin((request, response) => void response.end(`body of ${request.url}`), { tls: false })
  const session = await caller.client.call('session/start', { name: 'live' })
  const get = (path: string) => getThrough(session.proxy?.port ?? 0, origin.url + path)
  return { ...caller, origin, get }
}

test('weir tail prints each exchange once, as it ends, until Ctrl-C', async () => {
  const { env, get } = await capturing()
  await get('/first')
  const tail = startWeir(['tail', 'live', '--all'], { env })
  await tail.prints(/URL\s[\s\S]*\/first/)
  await get('/second')
  await tail.prints(/\/second/)
  tail.kill('SIGINT')
  const { code, stdout, stderr } = await tail.ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.match(/\/(?:first|second)/g)).toEqual(['/first', '/second'])
})

test('weir tail --json prints JSON, one exchange a line', async () => {
  const { env, get, origin } = await capturing()
  await get('/first')
  const tail = startWeir(['tail', '--all', '--json'], { env })
  await tail.prints(/"state":"complete"/)
  tail.kill('SIGTERM')
  const { code, stdout } = await tail.ended
  expect(code).toBe(0)
  const lines = stdout.trim().split('\n')
  expect(JSON.parse(lines.at(-1) ?? '') as Exchange).toMatchObject({ seq: 1, state: 'complete', request: { url: `${origin.url}/first` } })
})

test('weir tail says at once that it takes an unknown word for a query', async () => {
  const { env, get } = await capturing()
  const tail = startWeir(['tail', '--all', 'second'], { env })
  await tail.complains(/there is no session "second" \(weir sessions lists them\), so this is a query on last\n/)
  await get('/first')
  await get('/second')
  await tail.prints(/\/second/)
  tail.kill('SIGINT')
  expect((await tail.ended).stdout).not.toMatch(/\/first/)
})
