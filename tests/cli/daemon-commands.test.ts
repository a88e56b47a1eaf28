/** start, stop, status, ca, rpc, stdio: the daemon from the command line. */
import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { connectStream } from '../../sdk/client.ts'
import { startCaller } from '../support/caller.ts'
import { testCa } from '../support/certificates.ts'
import { startWeir, weir } from '../support/command-line.ts'
import { environment } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'

/** A home where no daemon runs yet; one that was started is stopped at the end. */
async function emptyHome() {
  const env = environment(await temporaryHome())
  onTestFinished(async () => {
    expect((await weir(['stop'], { env })).code).toBe(0)
  })
  return env
}

test('start, status and stop say how it is, with and without a daemon', async () => {
  const env = await emptyHome()
  const socket = join(env.WEIR_HOME ?? '', 'weir.sock')
  const absent = await weir(['status'], { env })
  expect(absent).toMatchObject({ code: 3, stdout: `weir is not running (home ${env.WEIR_HOME}); start it with: weir start\n`, stderr: '' })
  const absentJson = await weir(['status', '--json'], { env })
  expect(absentJson.code).toBe(3)
  expect(JSON.parse(absentJson.stdout)).toEqual({ running: false, home: env.WEIR_HOME, socket })
  expect(await weir(['stop'], { env })).toMatchObject({ code: 0, stdout: 'weir was not running\n' })

  const started = await weir(['start'], { env })
  expect(started.code).toBe(0)
  const [, pid] = /^weir runs: pid (\d+), socket (.*)\n$/.exec(started.stdout) ?? []
  expect(JSON.parse((await weir(['start', '--json'], { env })).stdout)).toEqual({ pid: Number(pid), started: false, socket })
  const status = await weir(['status', '--json'], { env })
  expect(status.code).toBe(0)
  expect(JSON.parse(status.stdout)).toMatchObject({ running: true, pid: Number(pid), home: env.WEIR_HOME, socket })
  const { stdout } = await weir(['status'], { env })
  expect(stdout).toContain(`pid ${pid}`)
  expect(stdout).toMatch(/^sessions +0 running of 0$/m)

  expect(await weir(['stop'], { env })).toMatchObject({ code: 0, stdout: 'weir has stopped\n' })
  expect(() => process.kill(Number(pid), 0)).toThrow()
})

test('where no daemon can be started, every command says why, with exit code 3', async () => {
  const folder = await temporaryHome()
  const file = join(folder, 'file')
  await writeFile(file, '')
  const broken = join(folder, 'broken')
  for (const [WEIR_HOME, why] of [
    [join(file, 'home'), 'ENOTDIR'],
    [broken, 'config.toml'],
  ] as const) {
    const env = environment(WEIR_HOME)
    if (WEIR_HOME === broken) {
      await weir(['status'], { env })
      await writeFile(join(broken, 'config.toml'), 'nonsense = true\n')
    }
    for (const words of [['sessions'], ['start'], ['rpc', 'session/list'], ['capture', '--', 'true'], ['stdio']]) {
      const { code, stdout, stderr } = await weir(words, { env })
      expect({ code, stdout }, words.join(' ')).toEqual({ code: 3, stdout: '' })
      expect(stderr).toMatch(/^weir: .*$/m)
      expect(stderr).toContain(why)
      expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(3)
    }
  }
})

test('start reads NODE_EXTRA_CA_CERTS from the folder of its caller', async () => {
  const folder = await temporaryHome()
  await writeFile(join(folder, 'origins.pem'), (await testCa()).certificate)
  const origin = await startOrigin((_, response) => response.end('trusted'))
  const others = await emptyHome()
  const env = { ...others, NODE_EXTRA_CA_CERTS: 'origins.pem' }
  expect((await weir(['start'], { env, cwd: folder })).code).toBe(0)
  expect((await weir(['capture', '--', 'curl', '-sS', origin.url], { env: others })).stdout).toBe('trusted')
})

test('start --foreground stays until a signal ends it', async () => {
  const env = environment(await temporaryHome())
  const running = startWeir(['start', '--foreground'], { env })
  await expect.poll(async () => (await weir(['status'], { env })).code).toBe(0)
  running.kill('SIGINT')
  expect((await running.ended).code).toBe(0)
  expect((await weir(['status'], { env })).code).toBe(3)
})

test('ca names the certificate on standard output and explains on standard error', async () => {
  const { weir, json, home } = await startCaller()
  const { stdout, stderr, code } = await weir(['ca'])
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${home.caCertificate}\n` })
  expect(stderr).toContain(`--cacert ${home.caCertificate}`)
  const pem = (await weir(['ca', '--pem'])).stdout
  expect(pem).toBe(readFileSync(home.caCertificate, 'utf8'))
  expect(await json('ca')).toMatchObject([{ path: home.caCertificate, fingerprint256: new X509Certificate(pem).fingerprint256 }])
})

test('rpc prints the result, or the error on standard error, as JSON', async () => {
  const { weir } = await startCaller()
  const good = await weir(['rpc', 'session/list'])
  expect({ ...good, bytes: null }).toMatchObject({ code: 0, stdout: '{"items":[]}\n', stderr: '' })
  const started = await weir(['rpc', 'session/start', '-'], { input: '{"name":"from a pipe","proxy":null}' })
  expect(JSON.parse(started.stdout)).toMatchObject({ name: 'from a pipe', proxy: null })
  const unknown = await weir(['rpc', 'no/suchMethod'])
  expect({ code: unknown.code, stdout: unknown.stdout }).toEqual({ code: 1, stdout: '' })
  expect(JSON.parse(unknown.stderr)).toMatchObject({ code: -32601, data: { reason: 'methodNotFound' } })
  const wrong = await weir(['rpc', 'session/get', '{"sessionid":"x"}'])
  expect(wrong.code).toBe(1)
  expect(JSON.parse(wrong.stderr)).toMatchObject({ code: -32602 })
  for (const params of ['{', '[]', '1', '"x"', 'null']) expect((await weir(['rpc', 'session/list', params])).code, params).toBe(2)
})

test('stdio speaks the protocol to an editor, and ends with it', async () => {
  const { env, home } = await startCaller()
  const child = spawn(process.execPath, [new URL('../../daemon/weir.js', import.meta.url).pathname, 'stdio'], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const client = await connectStream(Duplex.from({ readable: child.stdout, writable: child.stdin }))
  expect(await client.call('daemon/status', {})).toMatchObject({ home: home.folder })
  await client.close()
  expect(await ended).toBe(0)
})

test('stdio answers what a pipe asked before it ended', async () => {
  const { weir } = await startCaller()
  const frame = (message: object) => {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message })
    return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
  }
  const calls = Array.from({ length: 40 }, (_, index) => frame({ id: index + 2, method: 'session/list', params: {} }))
  const input = frame({ id: 1, method: 'initialize', params: { client: { name: 'test', version: '1' } } }) + calls.join('')
  const { code, stdout } = await weir(['stdio'], { input })
  expect(code).toBe(0)
  for (let id = 2; id <= 41; id++) expect(stdout).toContain(`"id":${id},"result":{"items":[]}`)
})
