/** `weir plugin new`: what it makes passes its own test, and runs. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { weir } from '../support/command-line.ts'
import { environment, startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'
import { installSdk } from '../support/sdk-package.ts'
import { getThrough } from '../support/through-proxy.ts'

const run = promisify(execFile)

test('an exporter, a filter, a cookie target and a source are made, pass their own tests, load in a daemon and do their work', async () => {
  const folder = await temporaryHome()
  const env = environment(folder)
  const made = await weir(['plugin', 'new', 'exporter', 'my-lines'], { env, cwd: folder })
  expect({ code: made.code, stdout: made.stdout }).toEqual({ code: 0, stdout: `${join(folder, 'my-lines')}\n` })
  expect(made.stderr).toContain(`plugins = ["${join(folder, 'my-lines')}"]`)
  expect((await weir(['plugin', 'new', 'filter', 'no-agent', 'filters/mine'], { env, cwd: folder })).code).toBe(0)
  expect((await weir(['plugin', 'new', 'cookie-sync', 'env-file'], { env, cwd: folder })).code).toBe(0)
  expect((await weir(['plugin', 'new', 'source', 'pulse'], { env, cwd: folder })).code).toBe(0)

  for (const [plugin, name] of [
    ['my-lines', 'weir-exporter-my-lines'],
    ['filters/mine', 'weir-filter-no-agent'],
    ['env-file', 'weir-cookie-sync-env-file'],
    ['pulse', 'weir-source-pulse'],
  ] as const) {
    const cwd = join(folder, plugin)
    expect(JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'))).toMatchObject({
      name,
      type: 'module',
      scripts: { test: 'node --test' },
    })
    await installSdk(cwd)
    const { stdout } = await run('npm', ['test'], { cwd, env: env as NodeJS.ProcessEnv })
    expect(stdout).toMatch(/^# pass 1$|^ℹ pass 1$/m)
  }

  await writeFile(join(folder, 'config.toml'), 'plugins = ["my-lines", "filters/mine", "env-file", "pulse"]\n')
  const { client } = await startDaemon({ folder })
  const { items, faults } = await client.call('plugin/list', {})
  expect(faults).toEqual([])
  expect(items.filter(({ builtIn }) => !builtIn).map(({ name }) => name)).toEqual(['my-lines', 'no-agent', 'env-file', 'pulse'])
  const origin = await startOrigin((_, response) => response.end('hello'), { tls: false })
  const { id, proxy } = await client.call('session/start', { filters: [{ plugin: 'no-agent', config: { header: 'Host' } }] })
  await getThrough(proxy?.port ?? 0, `${origin.url}/x`)
  await client.call('session/stop', { sessionId: id })
  const { items: exchanges } = await client.call('exchange/list', { sessionId: id })
  expect(exchanges.map(({ request }) => request.headers.map(([name]) => name.toLowerCase()))).toEqual([
    expect.not.arrayContaining(['host']),
  ])
  const { text } = await client.call('exporter/run', { sessionId: id, exporter: 'my-lines', options: { separator: ' | ' } })
  expect(text).toBe(`GET | ${origin.url}/x | 200\n`)
  const shop = await startOrigin((_, response) => response.setHeader('Set-Cookie', 'sid=1').end(), { tls: false })
  const path = join(folder, 'cookies.env')
  await client.call('sync/set', { domain: 'localhost', targets: [{ plugin: 'env-file', config: { path } }] })
  const { proxy: other } = await client.call('session/start', {})
  await getThrough(other?.port ?? 0, `${shop.url}/`)
  await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toBe('sid=1\n'))

  const { id: told } = await client.call('session/start', {})
  const { sourceId } = await client.call('source/start', {
    kind: 'pulse',
    sessionId: told,
    url: `${origin.url}/pulse`,
    config: { seconds: 3600 },
  })
  const ofPulse = async () => (await client.call('exchange/list', { sessionId: told })).items
  await vi.waitFor(async () => expect((await ofPulse()).map(({ state }) => state)).toEqual(['complete']), { timeout: 20_000 })
  const [pulse] = await ofPulse()
  expect(pulse).toMatchObject({ source: 'browser', request: { url: `${origin.url}/pulse` }, response: { status: 200 } })
  const { data } = await client.call('exchange/readBody', { sessionId: told, seq: pulse?.seq ?? 0, part: 'response' })
  expect(Buffer.from(data, 'base64').toString()).toBe('hello')
  await client.call('source/stop', { sourceId })
  expect((await client.call('source/list', { sessionId: told })).items).toEqual([])
})

test('nothing that is there is overwritten, and a wrong name or kind is said', async () => {
  const folder = await temporaryHome()
  const env = environment(folder)
  await mkdir(join(folder, 'full'))
  await writeFile(join(folder, 'full/README.md'), 'mine')
  const refused = async (...words: string[]) => {
    const { code, stdout, stderr } = await weir(['plugin', 'new', ...words], { env, cwd: folder })
    expect(stdout).toBe('')
    return `${code} ${stderr.trimEnd()}`
  }
  expect(await refused('exporter', 'full')).toMatch(/^1 weir: .*\/full is there and not empty; nothing was written: name another folder$/)
  expect(await refused('exporter', 'x', 'full/README.md')).toMatch(/^1 weir: .*\/README\.md cannot be used as a folder \(ENOTDIR\)/)
  expect(await refused('exporter', 'My Lines')).toMatch(/^2 weir: name must be lower case letters, digits and dashes, .*"My Lines"$/)
  expect(await refused('painter', 'x')).toBe('2 weir: KIND is one of exporter, filter, cookie-sync, source, not "painter"')
  expect(readdirSync(folder).filter((name) => name !== 'cache')).toEqual(['full'])
  expect(readFileSync(join(folder, 'full/README.md'), 'utf8')).toBe('mine')
})
