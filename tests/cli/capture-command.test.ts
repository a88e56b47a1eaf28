/** Real programs under `weir capture -- CMD`: what is on record is what they sent and got, byte for byte. */

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Exchange, Session } from '../../sdk/model.ts'
import { type Caller, startCaller } from '../support/caller.ts'
import type { Ended } from '../support/command-line.ts'
import { type ExactOrigin, fieldsOf, type ReceivedRequest, startExactOrigin, targetOf } from '../support/exact-origin.ts'
import { startGitOrigin } from '../support/git-origin.ts'
import { temporaryHome } from '../support/home.ts'

/** The target that clients must not be helped with. */
const oddPath = "/a/../b?x='|"
const sent = Buffer.from([...Array(256).keys(), ...Buffer.from('\r\n\r\nHTTP/1.1 200 No\r\n')])
const answered = Buffer.from([...Array(256).keys()].reverse())
const answerHead = [
  'HTTP/1.1 200 Fine By Me',
  'X-One: 1',
  'set-cookie: a=1; Path=/',
  'Set-Cookie: b=2',
  'x-one:   two words  ',
  'CONTENT-TYPE: application/octet-stream',
  'X-Empty:',
  `Content-Length: ${answered.length}`,
].join('\r\n')

const startOrigin = (tls?: boolean) =>
  startExactOrigin(() => Buffer.concat([Buffer.from(`${answerHead}\r\n\r\n`, 'latin1'), answered]), tls)

const capture = ({ weir }: Caller, ...command: string[]) => weir(['capture', '--name', 'it', '--', ...command])

const exchanges = ({ json }: Caller) => json('ls', 'it') as Promise<Exchange[]>

async function body({ weir }: Caller, seq: number, part: 'request' | 'response', ...more: string[]): Promise<Buffer> {
  const { code, bytes, stderr } = await weir(['body', 'it', String(seq), part, ...more])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return bytes
}

/** The one exchange on record says exactly what the origin received and answered. */
async function expectExact(caller: Caller, origin: ExactOrigin, url: string): Promise<void> {
  expect(origin.requests).toHaveLength(1)
  const [request] = origin.requests as [ReceivedRequest]
  const listed = await exchanges(caller)
  expect(listed).toHaveLength(1)
  const [shown] = (await caller.json('show', 'it', '1')) as [Exchange]
  expect(shown).toEqual(listed[0])
  expect(shown.state).toBe('complete')
  expect(shown.request.method).toBe(request.head.slice(0, request.head.indexOf(' ')))
  expect(shown.request.url).toBe(url)
  expect(shown.request.httpVersion).toBe('1.1')
  expect(shown.request.headers).toEqual(fieldsOf(request.head))
  expect(shown.request.bodySize).toBe(request.body.length)
  expect(shown.response?.status).toBe(200)
  expect(shown.response?.reason).toBe('Fine By Me')
  expect(shown.response?.headers).toEqual(fieldsOf(answerHead))
  expect(shown.response?.bodySize).toBe(answered.length)
  expect(await body(caller, 1, 'request')).toEqual(request.body)
  expect(await body(caller, 1, 'response')).toEqual(answered)
  const [session] = (await caller.json('sessions')) as [Session]
  expect(session).toMatchObject({ name: 'it', state: 'stopped', counts: { exchanges: 1, failed: 0, gaps: 0 } })
}

function expectRan({ code, signal, stderr }: Ended): void {
  expect({ code, signal, stderr }).toMatchObject({ code: 0, signal: null })
  expect(stderr).toMatch(/^weir: \d+ exchanges?, /)
}

describe('curl', () => {
  const words = [
    ['-sS', '--path-as-is', '--data-binary', '@-'],
    [
      '-H',
      'X-Case: A',
      '-H',
      'x-dup: 1',
      '-H',
      'X-Dup: 2',
      '-H',
      'x-dup: 1',
      '-H',
      'Content-Type: application/octet-stream',
      '-H',
      'X-Blank;',
    ],
  ].flat()

  test('over TLS is exact in headers, path and bodies', async () => {
    const caller = await startCaller()
    const origin = await startOrigin()
    const ended = await caller.weir(['capture', '--name', 'it', '--', 'curl', ...words, `${origin.url}${oddPath}`], { input: sent })
    expectRan(ended)
    expect(ended.bytes).toEqual(answered)
    expect(targetOf(origin.requests[0]?.head ?? '')).toBe(oddPath)
    expect(origin.requests[0]?.body).toEqual(sent)
    const fields = fieldsOf(origin.requests[0]?.head ?? '')
    expect(fields.filter(([name]) => /^x-(case|dup|blank)$/i.test(name))).toEqual([
      ['X-Case', 'A'],
      ['x-dup', '1'],
      ['X-Dup', '2'],
      ['x-dup', '1'],
      ['X-Blank', ''],
    ])
    await expectExact(caller, origin, `${origin.url}${oddPath}`)
  })

  test('in clear text is as exact', async () => {
    const caller = await startCaller()
    const origin = await startOrigin(false)
    const ended = await caller.weir(['capture', '--name', 'it', '--', 'curl', ...words, `${origin.url}${oddPath}`], { input: sent })
    expectRan(ended)
    expect(ended.bytes).toEqual(answered)
    expect(targetOf(origin.requests[0]?.head ?? '')).toBe(oddPath)
    await expectExact(caller, origin, `${origin.url}${oddPath}`)
  })
})

test("Python's urllib is exact in headers, path and bodies", async () => {
  const caller = await startCaller()
  const origin = await startOrigin()
  const script = `
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], data=bytes.fromhex(sys.argv[2]), headers={'X-Python': 'yes', 'Content-Type': 'application/octet-stream'})
sys.stdout.buffer.write(urllib.request.urlopen(request).read())`
  const ended = await capture(caller, 'python3', '-c', script, `${origin.url}${oddPath}`, sent.toString('hex'))
  expectRan(ended)
  expect(ended.bytes).toEqual(answered)
  expect(targetOf(origin.requests[0]?.head ?? '')).toBe(oddPath)
  expect(origin.requests[0]?.body).toEqual(sent)
  await expectExact(caller, origin, `${origin.url}${oddPath}`)
})

test("Node's fetch is exact in headers, path and bodies", async () => {
  const caller = await startCaller()
  const origin = await startOrigin()
  // A URL parser has its own view of dots and quotes: what counts is what went over the wire.
  const script = `
const headers = [['X-Node', 'yes'], ['x-Dup', '1'], ['X-dup', '2']]
const answer = await fetch(process.argv[1], { method: 'PUT', body: Buffer.from(process.argv[2], 'hex'), headers })
process.stdout.write(Buffer.from(await answer.arrayBuffer()))`
  const ended = await capture(
    caller,
    process.execPath,
    '--input-type=module',
    '-e',
    script,
    `${origin.url}/a/%2e%2e/b?x='|`,
    sent.toString('hex'),
  )
  expectRan(ended)
  expect(ended.bytes).toEqual(answered)
  expect(origin.requests[0]?.body).toEqual(sent)
  await expectExact(caller, origin, `${origin.url}${targetOf(origin.requests[0]?.head ?? '')}`)
})

test('git clones over HTTPS, and every request of it is exact', async () => {
  const caller = await startCaller()
  const folder = await temporaryHome()
  const origin = await startGitOrigin(await temporaryHome())
  const ended = await capture(caller, 'git', 'clone', '-q', origin.repository, join(folder, 'clone'))
  expectRan(ended)
  const head = await caller.weir(['capture', '--name', 'after', '--', 'git', '-C', join(folder, 'clone'), 'rev-parse', 'HEAD'])
  expect(head.stdout.trim()).toBe(origin.commit)
  const listed = await exchanges(caller)
  expect(origin.requests.length).toBeGreaterThanOrEqual(2)
  expect(listed).toHaveLength(origin.requests.length)
  for (const [index, served] of origin.requests.entries()) {
    const exchange = listed[index] as Exchange
    expect(exchange.state).toBe('complete')
    expect(exchange.request.method).toBe(served.method)
    expect(exchange.request.url).toBe(`${origin.url}${served.target}`)
    expect(exchange.request.headers.flat()).toEqual(served.rawHeaders)
    expect(exchange.response?.status).toBe(served.status)
    expect(await body(caller, exchange.seq, 'request')).toEqual(served.body)
    expect(await body(caller, exchange.seq, 'response')).toEqual(served.answer)
  }
  expect(listed.some(({ response }) => (response?.bodySize ?? 0) > 1000)).toBe(true)
})
