/** `weir capture` without a command: the live table, and its end. */
import { execFile } from 'node:child_process'
import { request } from 'node:http'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import type { Session } from '../../sdk/model.ts'
import { startCaller } from '../support/caller.ts'
import { startWeir } from '../support/command-line.ts'
import { startOrigin } from '../support/origin.ts'

const run = promisify(execFile)

test('the curl line it prints works, the exchange appears, and Ctrl-C ends with a summary', async () => {
  const { env, json, weir, home } = await startCaller()
  const origin = await startOrigin((_, response) => response.setHeader('content-type', 'text/plain; charset=utf-8').end('hello'))
  const capture = startWeir(['capture', '--name', 'live one'], { env })
  const [, line = ''] = await capture.prints(/^ +(curl --proxy http:\/\/127\.0\.0\.1:\d+ --cacert \S+ )https:\/\/example\.com\/$/m)
  expect(Number(/:(\d+) /.exec(line)?.[1])).toBeGreaterThanOrEqual(9347)
  await capture.prints(/Ctrl-C/)
  expect((await capture.prints(/socket: +(\S+)/))[1]).toBe(home.socket)
  const { stdout } = await run('sh', ['-c', `${line} -sS ${origin.url}/path`], { env: { PATH: env.PATH } })
  expect(stdout).toBe('hello')
  await capture.prints(/^ +1 {2}\d\d:\d\d:\d\d\.\d{3} {2}GET {6}200 {6}text\/plain +5 B +\S+ ms {2}https:\/\/localhost:\d+\/path$/m)
  capture.kill('SIGINT')
  const ended = await capture.ended
  expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: '' })
  expect(ended.stdout).toMatch(/session live one ended after .*: 1 exchange, 0 B sent, 5 B received, no gaps\nfile .*\.weir\n/)
  for (const next of ["weir ls 'live one'", "weir show 'live one' 1", "weir export 'live one' har -o capture.har"]) {
    expect(ended.stdout).toContain(next)
    const words = next.replaceAll("'", '').split(' ').slice(1)
    const name = words.indexOf('live')
    const { code } = await weir([...words.slice(0, name), 'live one', ...words.slice(name + 2)], { cwd: home.folder })
    expect(code, next).toBe(0)
  }
  const [session] = (await json('sessions')) as [Session]
  expect(session).toMatchObject({ name: 'live one', state: 'stopped', counts: { exchanges: 1 } })
})

test('--reverse stands for an origin; the curl line it prints asks that', async () => {
  const { env, weir } = await startCaller()
  const origin = await startOrigin((request, response) => response.end(`hello ${request.headers.host}`))
  const capture = startWeir(['capture', '--port', '0', '--reverse', origin.url], { env })
  const [, line = ''] = await capture.prints(/^ +(curl http:\/\/127\.0\.0\.1:\d+\/)$/m)
  expect((await run('sh', ['-c', `${line} -sS`], { env: { PATH: env.PATH } })).stdout).toBe(`hello localhost:${origin.port}`)
  await capture.prints(new RegExp(`GET +200 .* ${origin.url}/$`, 'm'))
  capture.kill('SIGINT')
  expect((await capture.ended).code).toBe(0)
  const withPath = await weir(['capture', '--port', '0', '--reverse', `${origin.url}/v1`])
  expect(withPath).toMatchObject({ code: 1, stderr: expect.stringContaining('must be an origin alone') })
  const withCommand = await weir(['capture', '--reverse', origin.url, '--', 'true'])
  expect(withCommand).toMatchObject({ code: 2, stderr: expect.stringContaining('--reverse takes no command') })
})

test('two at once listen on different ports', async () => {
  const { env } = await startCaller()
  const one = startWeir(['capture'], { env })
  const [, first] = await one.prints(/captures on (\S+)/)
  const other = startWeir(['capture'], { env })
  const [, second] = await other.prints(/captures on (\S+)/)
  expect(second).not.toBe(first)
  one.kill('SIGTERM')
  other.kill('SIGHUP')
  expect((await one.ended).code).toBe(0)
  expect((await other.ended).stdout).toContain('nothing was captured')
})

test('an exchange that is still open at the end is shown as what became of it', async () => {
  const { env } = await startCaller()
  const { promise: arrival, resolve: arrived } = Promise.withResolvers<void>()
  const origin = await startOrigin(() => arrived(), { tls: false })
  const capture = startWeir(['capture', '--port', '0'], { env })
  const [, port] = await capture.prints(/captures on http:\/\/127\.0\.0\.1:(\d+)/)
  request({ host: '127.0.0.1', port, path: `${origin.url}/hangs`, headers: { host: 'localhost' } })
    .on('error', () => undefined)
    .end()
  await arrival
  capture.kill('SIGINT')
  const { code, stdout } = await capture.ended
  expect(code).toBe(0)
  expect(stdout).toMatch(/ aborted +sessionStopped .*\/hangs$/m)
})

test('a second Ctrl-C leaves at once', async () => {
  const { env, client } = await startCaller()
  const { promise: arrival, resolve: arrived } = Promise.withResolvers<void>()
  const origin = await startOrigin(() => arrived(), { tls: false })
  const capture = startWeir(['capture', '--port', '0'], { env })
  const [, port] = await capture.prints(/captures on http:\/\/127\.0\.0\.1:(\d+)/)
  request({ host: '127.0.0.1', port, path: `${origin.url}/hangs`, headers: { host: 'localhost' } })
    .on('error', () => undefined)
    .end()
  await arrival
  capture.kill('SIGINT')
  // The session is being stopped, which gives what is in flight two seconds. A second signal that comes at once may be npm's echo of the first.
  const again = setInterval(() => capture.kill('SIGINT'), 100)
  onTestFinished(() => clearInterval(again))
  // Had it waited for the session's end, it would have ended well.
  expect((await capture.ended).code).toBe(130)
  await expect.poll(async () => (await client.call('session/list', {})).items[0]?.state).toBe('stopped')
})

test('a session that somebody else stops ends it with its summary', async () => {
  const { env, weir } = await startCaller()
  const capture = startWeir(['capture', '--port', '0', '--name', 'shared'], { env })
  await capture.prints(/Ctrl-C/)
  expect((await weir(['session', 'stop', 'shared'])).code).toBe(0)
  const { code, stdout } = await capture.ended
  expect(code).toBe(0)
  expect(stdout).toContain('session shared ended after')
})

test('more than anybody could read is counted, not shown', async () => {
  const { env, client } = await startCaller()
  const origin = await startOrigin((_, response) => response.end('x'), { tls: false })
  const capture = startWeir(['capture', '--port', '0'], { env })
  const [, port = ''] = await capture.prints(/captures on http:\/\/127\.0\.0\.1:(\d+)/)
  await run('curl', ['-sS', '-o', '/dev/null', '--proxy', `http://127.0.0.1:${port}`, '--noproxy', '', `${origin.url}/[1-3000]`], {
    maxBuffer: 1e8,
  })
  await expect.poll(async () => (await client.call('session/list', {})).items[0]?.counts.exchanges).toBe(3000)
  capture.kill('SIGINT')
  const { stdout } = await capture.ended
  const rows = stdout.match(/^ +\d+ {2}\d\d:\d\d:/gm)?.length ?? 0
  const skipped = [...stdout.matchAll(/^… ([\d,]+) exchanges? more than fit here/gm)].reduce(
    (sum, [, count = '']) => sum + Number(count.replaceAll(',', '')),
    0,
  )
  expect(rows + skipped).toBe(3000)
  expect(stdout).toContain('3,000 exchanges')
})

test('a daemon that dies ends it with exit code 3 and a sentence', async () => {
  const { env, pid } = await startCaller()
  const capture = startWeir(['capture'], { env })
  await capture.prints(/Ctrl-C/)
  process.kill(pid, 'SIGKILL')
  const { code, stderr } = await capture.ended
  expect(code).toBe(3)
  expect(stderr).toBe('weir: the connection to the daemon ended before it answered\n')
})
