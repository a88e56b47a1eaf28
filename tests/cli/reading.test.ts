/** ls, show, body, sessions, session: what was captured, as people and programs read it. */
import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Exchange, Session } from '../../sdk/model.ts'
import { type Caller, startCaller } from '../support/caller.ts'
import { startExactOrigin } from '../support/exact-origin.ts'
import { startOrigin } from '../support/origin.ts'

const curl = ({ weir }: Caller, name: string, ...words: string[]) =>
  weir(['capture', '--name', name, '--', 'curl', '-sS', '-o', '/dev/null', ...words])

/** A session `sizes` with answers of 10, 3000 and 200 bytes. */
async function threeSizes(): Promise<Caller> {
  const caller = await startCaller()
  const origin = await startOrigin(({ url }, response) =>
    response.setHeader('content-type', 'text/html').end('x'.repeat(Number(url?.slice(1)))),
  )
  const { code } = await curl(
    caller,
    'sizes',
    `${origin.url}/10`,
    '-o',
    '/dev/null',
    `${origin.url}/3000`,
    '-o',
    '/dev/null',
    `${origin.url}/200`,
  )
  expect(code).toBe(0)
  return caller
}

test('ls lists by number, or sorted, or only the newest, as a table and as JSON', async () => {
  const { weir, json } = await threeSizes()
  const { stdout, stderr, code } = await weir(['ls'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const lines = stdout.trimEnd().split('\n')
  expect(lines[0]).toMatch(/^ +SEQ {2}TIME +METHOD +STATUS +TYPE +SIZE +TOOK {2}URL$/)
  expect(
    lines.slice(1).map((line) =>
      line
        .trim()
        .split(/ {2,}/)
        .filter((_, index) => [0, 2, 3, 4, 5].includes(index)),
    ),
  ).toEqual([
    ['1', 'GET', '200', 'text/html', '10 B'],
    ['2', 'GET', '200', 'text/html', '3.0 kB'],
    ['3', 'GET', '200', 'text/html', '200 B'],
  ])
  expect(stdout).not.toMatch(/[\t\x1b]/)
  const seqs = async (...words: string[]) => ((await json('ls', ...words)) as Exchange[]).map(({ seq }) => seq)
  expect(await seqs()).toEqual([1, 2, 3])
  expect(await seqs('sizes', '--sort', 'size')).toEqual([2, 3, 1])
  expect(await seqs('sizes', '--sort', 'time')).toEqual([1, 2, 3])
  expect(await seqs('last', '-n', '2')).toEqual([2, 3])
  expect(await seqs('last', '-n', '1', '--sort', 'size')).toEqual([2])
  const byDuration = (await json('ls', '--sort', 'dur')) as Exchange[]
  expect(byDuration.map(({ durationMs }) => durationMs)).toEqual(
    byDuration.map(({ durationMs }) => durationMs).sort((a, b) => Number(b) - Number(a)),
  )
})

test('more exchanges than a page are all listed', async () => {
  const caller = await startCaller()
  const origin = await startOrigin((_, response) => response.end(), { tls: false })
  await curl(caller, 'many', `${origin.url}/[1-1203]`)
  expect(((await caller.json('ls')) as Exchange[]).map(({ seq }) => seq)).toEqual(Array.from({ length: 1203 }, (_, index) => index + 1))
  expect(((await caller.json('ls', '-n', '700')) as Exchange[]).map(({ seq }) => seq)).toEqual(
    Array.from({ length: 700 }, (_, index) => index + 504),
  )
})

test('ls lists what matches a query, of a session or of last', async () => {
  const { json } = await threeSizes()
  const seqs = async (...words: string[]) => ((await json('ls', ...words)) as Exchange[]).map(({ seq }) => seq)
  expect(await seqs('sizes', 'resp.size:>100')).toEqual([2, 3])
  expect(await seqs('resp.size:>100 -path:/200')).toEqual([2])
  expect(await seqs('last', 'path:/10 OR path:/200', '-n', '1')).toEqual([3])
  expect(await seqs('--sort', 'size', 'type:html')).toEqual([2, 3, 1])
})

test('a word that is no session is a query on last; both are explained when it is refused', async () => {
  const { weir } = await threeSizes()
  expect(await weir(['ls', 'szies'])).toMatchObject({
    code: 0,
    stdout: '',
    stderr: 'weir: nothing matched: there is no session "szies" (weir sessions lists them), so this was a query on last\n',
  })
  const { code, stdout, stderr } = await weir(['ls', 'sizes:1'])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^weir: there is no session "sizes:1" \(weir sessions lists them\), and as a query on last: .*sizes/)
  expect((await weir(['ls', 'status:200', 'size:>1'])).stdout.split('\n').length).toBeGreaterThan(2)
  expect(await weir(['ls', 'last', 'status:500'])).toMatchObject({ code: 0, stdout: '', stderr: '' })
})

test('what is not there is said', async () => {
  const { weir } = await startCaller()
  const none = 'weir: there is no session yet; start one with: weir capture\n'
  for (const words of [
    ['ls'],
    ['show', 'last', '1'],
    ['body', 'last', '1', 'request'],
    ['export', 'last', 'har'],
    ['session', 'stop', 'last'],
  ]) {
    expect(await weir(words), words.join(' ')).toMatchObject({ code: 1, stdout: '', stderr: none })
  }
  await weir(['capture', '--name', 'it', '--', 'true'])
  expect(await weir(['show', 'ti', '1'])).toMatchObject({
    code: 1,
    stderr: 'weir: there is no session "ti"; weir sessions lists them, and last is the newest\n',
  })
  const { code, stderr } = await weir(['show', 'it', '1'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/^weir: .*\b1\b/)
  expect((await weir(['show', 'it', 'one'])).code).toBe(2)
  expect((await weir(['body', 'it', '1', 'both'])).code).toBe(2)
})

describe('show', () => {
  test('writes heads in the order and case of the wire, and bodies that are text', async () => {
    const caller = await startCaller()
    const origin = await startExactOrigin(() =>
      Buffer.from('HTTP/1.1 201 Made\r\nX-b: 2\r\nx-A: 1\r\nX-b: 3\r\nContent-Length: 8\r\n\r\ngr\u00fc\u00dfe!', 'utf8'),
    )
    await curl(caller, 'it', '-H', 'X-Mine: ok', '-d', '{"a":1}', `${origin.url}/p`)
    const { stdout, code } = await caller.weir(['show', 'it', '1'])
    expect(code).toBe(0)
    expect(stdout).toContain(`POST ${origin.url}/p HTTP/1.1\nHost: localhost:${origin.port}\n`)
    expect(stdout).toContain('X-Mine: ok\n')
    expect(stdout).toContain('\n\n{"a":1}\n')
    expect(stdout).toContain('HTTP/1.1 201 Made\nX-b: 2\nx-A: 1\nX-b: 3\nContent-Length: 8\n\ngrüße!\n')
    expect(stdout).toMatch(/^tls +TLSv1\.3, .*SNI localhost$/m)
    expect(stdout).toMatch(/^state +complete 201, /m)
  })

  test('undoes gzip, names what is no text, and says why something failed', async () => {
    const caller = await startCaller()
    const origin = await startOrigin(({ url }, response) => {
      if (url === '/gzip') response.setHeader('content-encoding', 'gzip').end(gzipSync('plain words'))
      else response.setHeader('content-type', 'image/png').end(Buffer.from('89504e470d0a1a0a0000', 'hex'))
    })
    await curl(caller, 'it', `${origin.url}/gzip`, '-o', '/dev/null', `${origin.url}/image`)
    expect((await caller.weir(['show', 'it', '1'])).stdout).toContain('\n\nplain words\n')
    expect((await caller.weir(['show', 'it', '2'])).stdout).toContain('(10 B that are no text: weir body it 2 response > FILE)')
    expect((await caller.weir(['body', 'it', '1', 'response', '--decode'])).stdout).toBe('plain words')
    expect((await caller.weir(['body', 'it', '1', 'response'])).bytes).toEqual(gzipSync('plain words'))
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    await curl(caller, 'refused', `https://localhost:${port}/`)
    const { stdout } = await caller.weir(['show', 'refused', '1'])
    expect(stdout).toMatch(/^error +connectionRefused: /m)
    expect((await caller.weir(['ls', 'refused'])).stdout).toMatch(/ failed {3}connectionRefused /)
  })
})

test('what was captured never reaches the reader as an escape sequence', async () => {
  const caller = await startCaller()
  const evil = '\x1b]0;owned\x07\x1b[2J\u202e\x9b31m'
  const head = Buffer.from(
    `HTTP/1.1 200 ${evil}\r\nContent-Type: text/plain;${evil}\r\nX-Evil: ${evil}\r\nContent-Length: ${Buffer.byteLength(evil)}\r\n\r\n`,
  )
  const origin = await startExactOrigin(() => Buffer.concat([head, Buffer.from(evil)]))
  await curl(caller, 'it', '-H', `X-Evil: ${evil}`, '--data-binary', evil, `${origin.url}/`)
  expect(origin.requests[0]?.body.toString()).toBe(evil)
  for (const words of [['ls'], ['ls', '--json'], ['show', 'it', '1'], ['show', 'it', '1', '--json'], ['sessions']]) {
    const { stdout, code } = await caller.weir(words)
    expect(code).toBe(0)
    expect(stdout.replaceAll('\n', ''), words.join(' ')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  }
  expect((await caller.weir(['show', 'it', '1'])).stdout).toContain('\\x1b]0;owned\\x07')
  expect((await caller.weir(['body', 'it', '1', 'response'])).bytes.toString()).toBe(evil)
})

test('a body of many pages is written whole, and a reader that leaves early is no failure', async () => {
  const caller = await startCaller()
  const large = Buffer.alloc(11 * 1024 * 1024 + 17, 'The quick brown fox. ')
  const origin = await startOrigin((_, response) => response.end(large))
  await curl(caller, 'it', origin.url)
  const { bytes } = await caller.weir(['body', 'it', '1', 'response'])
  expect(bytes.equals(large)).toBe(true)
  const [object] = (await caller.json('body', 'it', '1', 'response')) as [{ data: string }]
  expect(object).toMatchObject({ seq: 1, part: 'response', size: large.length, eof: true, truncated: false })
  expect(Buffer.from(object.data, 'base64').equals(large)).toBe(true)
  const headOnly = await caller.weir([
    'capture',
    '--name',
    'pipe',
    '--',
    'sh',
    '-c',
    `"${process.execPath}" "$0" body it 1 response | head -c 3; echo`,
    weirProgram,
  ])
  expect(headOnly.stdout).toBe('The\n')
  expect(headOnly.stderr).not.toMatch(/EPIPE|Error/)
})
const weirProgram = new URL('../../daemon/weir.js', import.meta.url).pathname

test('sessions are listed, paused, resumed, renamed, stopped and deleted', async () => {
  const caller = await startCaller()
  const { weir, json } = caller
  const { id } = await caller.client.call('session/start', { name: 'first' })
  expect((await weir(['session', 'pause', 'first'])).stdout).toMatch(/^first \(\S+\) is paused on 127\.0\.0\.1:\d+, with 0 exchanges\n$/)
  expect(await json('session', 'resume', 'last')).toMatchObject([{ id, state: 'running' }])
  expect(await json('session', 'rename', id, 'second')).toMatchObject([{ id, name: 'second' }])
  const running = await weir(['session', 'delete', 'second'])
  expect(running.code).toBe(1)
  expect(running.stderr).toMatch(/^weir: .+/)
  expect((await weir(['session', 'stop', 'second'])).stdout).toMatch(/ is stopped, with 0 exchanges\n$/)
  expect(((await json('sessions')) as Session[]).map(({ name, state }) => [name, state])).toEqual([['second', 'stopped']])
  const { stdout } = await weir(['sessions'])
  expect(stdout.split('\n')[0]).toMatch(/^ID +STATE +STARTED +EXCHANGES +FAILED +GAPS +BYTES +PROXY +NAME$/)
  expect(stdout.split('\n')[1]).toMatch(new RegExp(`^${id} +stopped .* second$`))
  expect((await weir(['session', 'delete', 'second'])).code).toBe(0)
  expect(await json('sessions')).toEqual([])
})
