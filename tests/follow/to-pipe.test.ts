/** An export that follows a session into a named pipe, or to the client itself. */
import { execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { daemonInProcess } from '../support/daemon-in-process.ts'
import { capturing, follow, paths, pathsOf } from '../support/followed.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

const isWindows = process.platform === 'win32'

async function namedPipe(): Promise<string> {
  const path = join(await temporaryHome(), 'pipe')
  execFileSync('mkfifo', [path])
  return path
}

/** `cat` on the pipe. */
function reading(path: string) {
  const cat = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  cat.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  const ended = new Promise((resolve) => cat.once('close', resolve))
  return { text: () => text, ended, kill: () => cat.kill('SIGKILL'), pause: () => cat.kill('SIGSTOP'), resume: () => cat.kill('SIGCONT') }
}

test.skipIf(isWindows)('a named pipe waits for its reader, and ends with the session', async () => {
  const out = await namedPipe()
  const { client, sessionId, get } = await capturing()
  await get('/1')
  const { result } = follow(client, { sessionId, out })
  const cat = reading(out)
  await vi.waitFor(() => expect(pathsOf(cat.text())).toEqual(['/1']))
  await get('/2')
  await vi.waitFor(() => expect(pathsOf(cat.text())).toEqual(['/1', '/2']))
  await client.call('session/stop', { sessionId })
  expect(await result).toMatchObject({ exchanges: 2, ended: 'stopped', path: out })
  await cat.ended
  expect(pathsOf(cat.text())).toEqual(['/1', '/2'])
})

test.skipIf(isWindows)('a reader that stands still makes it lag, and nothing else', async () => {
  const out = await namedPipe()
  const { client, sessionId, get } = await capturing((_, response) => void response.end('x'.repeat(100_000)))
  const { result, said, delivered } = follow(client, { sessionId, out })
  const cat = reading(out)
  await get('/first')
  await delivered(1)
  await vi.waitFor(() => expect(pathsOf(cat.text())).toEqual(['/first']))
  cat.pause()
  await get(...paths(40))
  await client.call('session/stop', { sessionId })
  const { exchanges } = said.at(-1) as { exchanges: number }
  expect(exchanges).toBeLessThan(41)
  cat.resume()
  expect(await result).toMatchObject({ exchanges: 41, ended: 'stopped' })
  await cat.ended
  expect(pathsOf(cat.text())).toEqual(['/first', ...paths(40)])
})

test.skipIf(isWindows)('a reader that goes ends it with an error that has the clock', async () => {
  const out = await namedPipe()
  const { client, sessionId, get } = await capturing()
  await get('/1')
  const { result } = follow(client, { sessionId, out })
  const cat = reading(out)
  await vi.waitFor(() => expect(pathsOf(cat.text())).toEqual(['/1']))
  cat.kill()
  await cat.ended
  await get('/2')
  await expect(result).rejects.toMatchObject({ code: 1005, reason: 'readerGone', data: { clock: expect.stringMatching(/^c:/) } })
})

test('without a place to go to the client is given it, and a clock behind what it has', async () => {
  const { client, sessionId, get } = await capturing()
  await get('/1', '/2')
  const { stop, result, text, delivered } = follow(client, { sessionId })
  const clock = await delivered(2)
  expect(pathsOf(text())).toEqual(['/1', '/2'])
  stop()
  expect(await result).toMatchObject({ exchanges: 2, ended: 'cancelled', clock: expect.stringMatching(/^c:/) })
  await get('/3')
  const again = follow(client, { sessionId, since: clock })
  await client.call('session/stop', { sessionId })
  await again.result
  expect(pathsOf(again.text())).toEqual(['/3'])
})

test('only what matches is delivered', async () => {
  const { client, sessionId, get } = await capturing()
  const { result, text } = follow(client, { sessionId, where: 'path:/a*' })
  await get('/a1', '/b1', '/a2')
  await vi.waitFor(() => expect(pathsOf(text())).toEqual(['/a1', '/a2']))
  await get('/b2')
  await client.call('session/stop', { sessionId })
  expect(await result).toMatchObject({ exchanges: 2, ended: 'stopped' })
})

test('secrets are replaced as in other exports, also those that were seen before it began', async () => {
  const { client, sessionId, ask } = await capturing(
    (request, response) => void response.end(`you said ${request.headers.authorization ?? request.url}`),
  )
  await ask('/first', { authorization: 'Bearer abcdefgh12345678' })
  const first = follow(client, { sessionId, redact: 'standard' })
  await first.delivered(1)
  expect(pathsOf(first.text())).toEqual(['/first'])
  first.stop()
  const { clock } = (await first.result) as { clock: string }
  expect(first.text()).not.toContain('abcdefgh12345678')
  // Said again where nothing marks it as a secret, to a run that has not seen where it was one.
  const second = follow(client, { sessionId, redact: 'standard', since: clock })
  await ask('/abcdefgh12345678', {})
  await vi.waitFor(() => expect(pathsOf(second.text())).toHaveLength(1))
  await client.call('session/stop', { sessionId })
  expect(await second.result).toMatchObject({ redacted: { level: 'standard', secrets: 1 } })
  expect(second.text()).not.toContain('abcdefgh12345678')
})

test('what is deleted meanwhile is counted', async () => {
  const { client, sessionId, get } = await capturing()
  await get('/1', '/2')
  const { result, text } = follow(client, { sessionId })
  await vi.waitFor(() => expect(pathsOf(text())).toEqual(['/1', '/2']))
  await client.call('exchange/delete', { sessionId, seq: 1 })
  await client.call('session/stop', { sessionId })
  expect(await result).toMatchObject({ exchanges: 2, deleted: 1 })
})

test('a recorder that dies and comes again does not end it', async () => {
  const { client, kill, threads } = await daemonInProcess()
  const origin = await startOrigin((_, response) => void response.end('x'), { tls: false })
  const { id: sessionId, proxy } = await client.call('session/start', {})
  const get = (path: string) => getThrough(proxy?.port ?? 0, origin.url + path)
  await get('/1')
  const { result, text } = follow(client, { sessionId })
  await vi.waitFor(() => expect(pathsOf(text())).toEqual(['/1']))
  const before = threads.recorder.restarts
  kill('recorder')
  await vi.waitFor(() => expect(threads.recorder.restarts).toBe(before + 1))
  // What passes before the new one is ready is in a gap.
  await vi.waitFor(async () => {
    await get('/2')
    expect((await client.call('exchange/count', { sessionId })).count).toBeGreaterThan(1)
  })
  await client.call('session/stop', { sessionId })
  const { count } = await client.call('exchange/count', { sessionId })
  expect(await result).toMatchObject({ ended: 'stopped', exchanges: count })
  expect(pathsOf(text())).toEqual(['/1', ...Array.from({ length: count - 1 }, () => '/2')])
})
