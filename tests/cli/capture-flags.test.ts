import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parsePair, parseSize, parseStopAfter, settingsOf, tlsOf } from '../../daemon/cli/capture-flags.ts'
import { Given } from '../../daemon/cli/given.ts'
import type { Session } from '../../sdk/model.ts'
import { startCaller } from '../support/caller.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'

test.each([
  ['10', { exchanges: 10 }],
  ['30s', { afterMs: 30_000 }],
  ['1.5h', { afterMs: 5_400_000 }],
  ['250MS', { afterMs: 250 }],
  ['100mb', { bytes: 100_000_000 }],
])('--stop-after %s', (text, expected) => {
  expect(parseStopAfter(text)).toEqual(expected)
})

test.each(['', '0', '-1', '1.5', 'soon', '5 s', '10x', '0s', '999999h'])('--stop-after %j is refused', (text) => {
  expect(() => parseStopAfter(text)).toThrow('--stop-after takes')
})

test('--max-body takes sizes', () => {
  expect([parseSize('0'), parseSize('64kb'), parseSize('1.5mb')]).toEqual([0, 64_000, 1_500_000])
  for (const text of ['', 'much', '1s', '-1']) expect(() => parseSize(text)).toThrow('--max-body takes')
})

test('pairs need both sides', () => {
  const parse = parsePair('--resolve', 'HOST=ADDRESS')
  expect(parse('a.test:443=127.0.0.1:8443')).toEqual(['a.test:443', '127.0.0.1:8443'])
  for (const text of ['', 'a', '=b', 'a=']) expect(() => parse(text)).toThrow('--resolve takes HOST=ADDRESS')
})

test('flags become the settings of session/start', async () => {
  const folder = await temporaryHome()
  const [pem, pfx] = [join(folder, 'a.pem'), join(folder, 'a.p12')]
  await writeFile(pem, '-----BEGIN CERTIFICATE-----')
  await writeFile(pfx, Buffer.from([0x30, 0x82]))
  const given = new Given([], [], {
    upstream: [
      ['*.test', 'http://proxy:3128'],
      ['b.test', 'direct'],
    ],
    resolve: [['a.test', '127.0.0.1']],
    stopAfter: [{ exchanges: 5 }, { afterMs: 1000 }],
    maxBody: 7,
    autoBypass: true,
    keyLog: true,
    clientCert: [
      ['a.test', pem],
      ['b.test', pfx],
    ],
  })
  expect(settingsOf(given)).toEqual({
    upstream: [
      { match: '*.test', url: 'http://proxy:3128' },
      { match: 'b.test', url: null },
    ],
    dial: { hosts: { 'a.test': '127.0.0.1' } },
    limits: { bodyBytes: 7 },
    autoStop: { exchanges: 5, afterMs: 1000 },
  })
  const cert = '-----BEGIN CERTIFICATE-----'
  expect(tlsOf(given)).toEqual({
    autoBypass: true,
    keyLog: true,
    clientCertificates: [
      { match: 'a.test', cert, key: cert },
      { match: 'b.test', pfx: 'MII=' },
    ],
  })
  expect(settingsOf(new Given([], [], {}))).toEqual({})
  expect(() => tlsOf(new Given([], [], { clientCert: [['a', join(folder, 'none')]] }))).toThrow('--client-cert: ENOENT')
})

test('a captured command may make more exchanges than are recorded', async () => {
  const { weir, json } = await startCaller()
  const origin = await startOrigin((_, response) => void response.end('x'.repeat(100)))
  const url = (path: string) => ['-o', '/dev/null', `${origin.url.replace('localhost', 'somewhere.test')}/${path}`]
  const { port } = new URL(origin.url)
  const flags = ['--stop-after', '1', '--max-body', '10b', '--insecure', '*', '--resolve', `somewhere.test=127.0.0.1:${port}`]
  const { code } = await weir(['capture', ...flags, '--', 'curl', '-sS', ...url('one')])
  expect(code).toBe(0)
  const [session] = (await json('sessions')) as Session[]
  expect(session).toMatchObject({ counts: { exchanges: 1 } })
  const [exchange] = await json('ls')
  expect(exchange).toMatchObject({ response: { bodySize: 100, truncated: true } })
})

test('--key-log says where the TLS secrets go, and there they are', async () => {
  const { weir } = await startCaller()
  const origin = await startOrigin((_, response) => void response.end('secret'))
  const { code, stderr } = await weir(['capture', '--key-log', '--', 'curl', '-sS', '-o', '/dev/null', origin.url])
  expect(code).toBe(0)
  const [, file = ''] = /^weir: TLS secrets go to (.+\.keys)$/m.exec(stderr) ?? []
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  // Of TLS 1.3, on both sides (NSS key log format).
  expect(new Set(lines.filter((line) => line.startsWith('CLIENT_TRAFFIC_SECRET_0 ')).map((line) => line.split(' ')[1])).size).toBe(2)
})
