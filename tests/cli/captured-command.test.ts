/** What `weir capture -- CMD` is to the command and to whoever runs it. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import type { Exchange, Session } from '../../sdk/model.ts'
import { startCaller } from '../support/caller.ts'
import { startWeir } from '../support/command-line.ts'
import { startOrigin } from '../support/origin.ts'

test('its exit code is passed through, and standard output is its alone', async () => {
  const { weir } = await startCaller()
  const { code, stdout, stderr } = await weir(['capture', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7'])
  expect(code).toBe(7)
  expect(stdout).toBe('out\n')
  expect(stderr).toMatch(/^err\nweir: /)
})

test('its input is the caller’s', async () => {
  const { weir } = await startCaller()
  const { stdout } = await weir(['capture', '--', 'cat'], { input: 'some words\n' })
  expect(stdout).toBe('some words\n')
})

test('a command that a signal ended gives 128 + n', async () => {
  const { weir } = await startCaller()
  expect((await weir(['capture', '--', 'sh', '-c', 'kill -KILL $$'])).code).toBe(137)
  expect((await weir(['capture', '--', 'sh', '-c', 'kill -TERM $$'])).code).toBe(143)
})

test('signals reach the command, and its answer counts', async () => {
  const { env, json } = await startCaller()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGQUIT'] as const
  const hears = (signal: string) =>
    `process.on('${signal}', () => { console.log('heard'); process.exit(9) }); console.log('ready'); setInterval(() => {}, 1000)`
  const ends = await Promise.all(
    signals.map(async (signal) => {
      const running = startWeir(['capture', '--', process.execPath, '-e', hears(signal)], { env })
      await running.prints(/ready/)
      running.kill(signal)
      const { code, stdout } = await running.ended
      return { signal, code, stdout }
    }),
  )
  expect(ends).toEqual(signals.map((signal) => ({ signal, code: 9, stdout: 'ready\nheard\n' })))
  expect(new Set(((await json('sessions')) as Session[]).map(({ state }) => state))).toEqual(new Set(['stopped']))
})

test('a command that is not there is 127, with a sentence and no session', async () => {
  const { weir, json, folder } = await startCaller()
  const missing = await weir(['capture', '--', 'no-such-program', '--flag'])
  expect(missing).toMatchObject({ code: 127, stdout: '', stderr: 'weir: no-such-program: command not found\n' })
  const file = join(folder, 'data')
  await writeFile(file, 'no program')
  expect(await weir(['capture', '--', file])).toMatchObject({
    code: 126,
    stdout: '',
    stderr: `weir: ${file}: is no program that can be run\n`,
  })
  expect(await json('sessions')).toEqual([])
})

test('its certificates are there while it runs, and gone afterwards', async () => {
  const { weir } = await startCaller()
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('weir-ca-'))
  const { stdout } = await weir(['capture', '--', 'sh', '-c', 'ls "$SSL_CERT_FILE" "$NODE_EXTRA_CA_CERTS" && stat -c %a "$SSL_CERT_FILE"'])
  const [bundle = '', extra = '', mode] = stdout.trim().split('\n')
  expect(mode).toBe('600')
  expect(existsSync(dirname(bundle))).toBe(false)
  expect(existsSync(extra)).toBe(false)
  expect(before).not.toContain(dirname(bundle))
})

test('it finds the programs that its caller finds, not those npm puts in front', async () => {
  const { weir, env, folder } = await startCaller()
  const own = join(folder, 'own')
  const npm = join(folder, 'node_modules', '.bin')
  for (const [place, word] of [
    [own, 'own'],
    [npm, 'npm'],
  ] as const) {
    await mkdir(place, { recursive: true })
    writeFileSync(join(place, 'some-tool'), `#!/bin/sh\necho ${word}\n`)
    await chmod(join(place, 'some-tool'), 0o755)
  }
  const PATH = [npm, join(folder, 'lib', 'node-gyp-bin'), own, env.PATH].join(delimiter)
  const { stdout } = await weir(['capture', '--', 'some-tool'], { env: { ...env, PATH } })
  expect(stdout).toBe('own\n')
})

test('loopback is captured although the caller’s NO_PROXY names it', async () => {
  const { weir, env, json } = await startCaller()
  const origin = await startOrigin((_, response) => response.end('hello'))
  const { stdout, stderr } = await weir(['capture', '--', 'curl', '-sS', origin.url], {
    env: { ...env, NO_PROXY: '*', no_proxy: 'localhost' },
  })
  expect(stdout).toBe('hello')
  expect(stderr).toMatch(/^weir: 1 exchange, 0 B sent, 5 B received, no gaps; (npx )?weir ls /)
  expect(await json('ls')).toHaveLength(1)
})

test('when nothing was captured, weir says why that may be', async () => {
  const { weir } = await startCaller()
  const { code, stderr } = await weir(['capture', '--', 'true'])
  expect(code).toBe(0)
  expect(stderr).toContain('nothing was captured')
  expect(stderr).toContain('22.21')
})

test('when the command refuses weir’s certificate, weir says so', async () => {
  const { weir, json, env } = await startCaller()
  const origin = await startOrigin((_, response) => response.end('hello'))
  const { code, stderr } = await weir(['capture', '--', 'curl', '-sS', '--cacert', env.NODE_EXTRA_CA_CERTS ?? '', origin.url])
  expect(code).not.toBe(0)
  const [exchange] = (await json('ls')) as Exchange[]
  expect(exchange?.error?.reason).toBe('clientRejectedCa')
  expect(stderr).toContain("did not trust weir's certificate")
})

test('an origin with an untrusted certificate is refused, unless --insecure names it', async () => {
  const { weir, env, json } = await startCaller()
  const origin = await startOrigin((_, response) => response.end('hello'))
  const { NODE_EXTRA_CA_CERTS: _, ...distrustful } = env
  const refused = await weir(['capture', '--', 'curl', '-sS', '-o', '/dev/null', '-w', '%{http_code}', origin.url], { env: distrustful })
  expect(refused.stdout).toBe('502')
  const [exchange] = (await json('ls')) as Exchange[]
  expect(exchange).toMatchObject({ state: 'failed', response: null, error: { reason: 'tlsUntrusted' } })
  const allowed = await weir(['capture', '--insecure', 'localhost', '--', 'curl', '-sS', origin.url], { env: distrustful })
  expect(allowed.stdout).toBe('hello')
})

test('a host that --bypass names keeps its own TLS and is a tunnel on record', async () => {
  const { weir, json } = await startCaller()
  const origin = await startOrigin((_, response) => response.end('hello'))
  const { stdout } = await weir(['capture', '--bypass', 'localhost', '--', 'curl', '-sS', origin.url])
  expect(stdout).toBe('hello')
  const listed = (await json('ls')) as Exchange[]
  expect(listed.map(({ kind, request }) => [kind, request.method, request.url])).toEqual([['tunnel', 'CONNECT', origin.url]])
})

test('--port is used, and refused when taken; --where is refused when it is no query', async () => {
  const { weir, json } = await startCaller()
  const origin = await startOrigin((_, response) => response.end(), { tls: false })
  const taken = await weir(['capture', '--port', String(origin.port), '--', 'true'])
  expect(taken).toMatchObject({ code: 1, stdout: '' })
  expect(taken.stderr).toBe(`weir: port ${origin.port} is taken; name another with --port, or --port 0 for any free one\n`)
  await origin.close()
  const free = await weir(['capture', '--port', String(origin.port), '--', 'sh', '-c', 'echo $https_proxy'])
  expect(free.stdout).toBe(`http://127.0.0.1:${origin.port}\n`)
  const where = await weir(['capture', '--where', 'hots:a', '--', 'true'])
  expect(where.code).toBe(1)
  expect(where.stderr).toMatch(/^weir: .*hots/)
  expect(await json('sessions')).toHaveLength(1)
})

test('--where stores what matches, and says how much was filtered', async () => {
  const { weir, json } = await startCaller()
  const origin = await startOrigin(({ url }, response) => response.writeHead(url === '/broken' ? 500 : 200).end('hello'), { tls: false })
  const urls = ['/a', '/broken', '/b'].flatMap((path) => ['-o', '/dev/null', origin.url + path])
  const { stderr } = await weir(['capture', '--where', 'status:5xx', '--', 'curl', '-sS', ...urls])
  expect(stderr).toMatch(/^weir: 1 exchange, 2 filtered, /)
  expect(((await json('ls')) as Exchange[]).map(({ request }) => request.url)).toEqual([`${origin.url}/broken`])
})

test('the daemon is started when none runs', async () => {
  const { weir } = await startCaller()
  expect((await weir(['stop'])).stdout).toBe('weir has stopped\n')
  expect((await weir(['status'])).code).toBe(3)
  const { code, stdout } = await weir(['capture', '--', 'echo', 'ran'])
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'ran\n' })
  expect((await weir(['status'])).code).toBe(0)
  expect((await weir(['stop'])).code).toBe(0)
})

test('a daemon that dies meanwhile changes nothing for the exit code', async () => {
  const { env, pid } = await startCaller()
  const running = startWeir(
    [
      'capture',
      '--',
      process.execPath,
      '-e',
      "console.log('ready'); process.stdin.on('end', () => {}); setTimeout(() => process.exit(5), 1500)",
    ],
    { env },
  )
  await running.prints(/ready/)
  process.kill(pid, 'SIGKILL')
  const { code, stderr } = await running.ended
  expect(code).toBe(5)
  expect(stderr).toMatch(/^weir: the connection to the daemon ended/)
})
