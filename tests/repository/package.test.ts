/** What `npm pack` makes: compiled JavaScript and declarations that run where no sources are. */
import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { environment } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { oldNode } from '../support/old-node.ts'
import { startOrigin } from '../support/origin.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

describe('the package', () => {
  let folder: string
  let unpacked: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weir-package-'))
    await run('npm', ['pack', '--pack-destination', folder], { cwd: root, maxBuffer: 16 * 1024 * 1024 })
    const tarball = (await readdir(folder)).find((file) => file.endsWith('.tgz')) ?? 'no tarball'
    await run('tar', ['xzf', join(folder, tarball), '-C', folder])
    unpacked = join(folder, 'package')
    await symlink(join(root, 'node_modules'), join(unpacked, 'node_modules'))
  }, 500_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const someone = async () => {
    const env = environment(join(await temporaryHome(), 'home')) as NodeJS.ProcessEnv
    const weir = (...words: string[]) => run(process.execPath, [join(unpacked, 'daemon/weir.js'), ...words], { env })
    onTestFinished(async () => void (await weir('stop').catch(() => undefined)))
    return { env, weir }
  }

  it('starts its own daemon, captures and exports without a TypeScript source', { timeout: 180_000 }, async () => {
    const files = (await readdir(unpacked, { recursive: true })).filter((file) => !file.startsWith('node_modules'))
    expect(files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([])
    await access(join(unpacked, 'dist/sdk/client.d.ts'))
    const kit = "import { testExchange } from '@weir/weir/sdk/testing'; console.log(testExchange().request.url)"
    expect((await run(process.execPath, ['--input-type=module', '-e', kit], { cwd: unpacked })).stdout).toBe('https://origin.test/\n')

    const { weir } = await someone()
    const mine = join(folder, 'mine')
    await weir('plugin', 'new', 'exporter', 'mine', mine)
    await mkdir(join(mine, 'node_modules/@weir'), { recursive: true })
    await symlink(unpacked, join(mine, 'node_modules/@weir/weir'))
    expect((await run('npm', ['test'], { cwd: mine })).stdout).toMatch(/^(?:#|ℹ) pass 1$/m)

    expect((await weir('capture', '--', 'curl', '-sS', 'http://weir/page.js')).stdout).toContain('fetch(')
    const viewer = (await weir('open', '--no-browser')).stdout.trim()
    for (const file of ['', 'main.js', 'theme.css']) expect((await fetch(new URL(file, viewer))).status).toBe(200)
    const har = await weir('export', 'last', 'har')
    expect(JSON.parse(har.stdout)).toMatchObject({ log: { version: '1.2', entries: [] } })
  })

  it('has declarations that a strict compiler takes', { timeout: 180_000 }, async () => {
    const user = join(folder, 'user')
    await mkdir(join(user, 'node_modules/@weir'), { recursive: true })
    await symlink(unpacked, join(user, 'node_modules/@weir/weir'))
    await symlink(join(root, 'node_modules/@types'), join(user, 'node_modules/@types'))
    await writeFile(join(user, 'package.json'), '{"type":"module"}')
    await writeFile(join(user, 'use.ts'), userSource)
    const options = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--target',
      'es2022',
      '--module',
      'nodenext',
      '--types',
      'node',
    ]
    const { stdout } = await run('npx', ['tsc', ...options, join(user, 'use.ts')], { cwd: root }).catch((error) => error)
    expect(stdout).toBe('')
  })

  it.skipIf(oldNode === null)(
    'has a client that runs on an older Node, and says that the daemon does not',
    { timeout: 180_000 },
    async () => {
      const { env, weir } = await someone()
      const { NODE_OPTIONS: _, NODE_COMPILE_CACHE: _cache, ...old } = env
      const ask = async (...words: string[]) => {
        const { stdout } = await run(oldNode as string, ['--input-type=module', '-e', oldSource, ...words], { cwd: unpacked, env: old })
        return JSON.parse(stdout) as unknown
      }
      const origin = await startOrigin((_request, response) => void response.end('hello'), { tls: false })
      const url = `${origin.url}/old`
      expect(await ask(url)).toMatchObject({ reason: 'runtimeTooOld', message: expect.stringContaining('start it with weir start') })
      await weir('start')
      expect(await ask(url)).toEqual({ status: 200, followed: url, text: 'hello', streamed: 'hello' })
    },
  )
})

/** Typed calls, and what is wrong in them. */
const userSource = `
import { type Change, connect, type Exchange, follow } from '@weir/weir/client'
import { defineFilter } from '@weir/weir/plugin'
import { withCapture } from '@weir/weir/testing'
const client = await connect()
const { items } = await client.call('exchange/list', { sessionId: 'a', limit: 1 })
export const status: number | undefined = items[0]?.response?.status
// @ts-expect-error: no such param
await client.call('exchange/list', { session: 'a' })
// @ts-expect-error: no such method
await client.call('exchange/lists', {})
export const changes: AsyncGenerator<Change> = follow({ sessionId: 'a' })
export const found: Exchange = await withCapture(({ expect }) => expect('status:200'))
export default defineFilter({
  kind: 'filter', name: 'a', version: '1', api: 1, description: 'a',
  config: { type: 'object', properties: { ms: { type: 'integer', default: 5 } } },
  create: ({ ms }) => ({ where: 'dur:>' + (ms satisfies number) }),
})
`

const oldSource = `
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { follow, WeirError } from '@weir/weir/client'
import { withCapture } from '@weir/weir/testing'
const url = process.argv.at(-1)
const result = await withCapture(async ({ session, env, expect, text, body }) => {
  const changes = follow({ sessionId: session.id, since: 'start' })
  await promisify(execFile)('curl', ['-sS', url], { env })
  const exchange = await expect('path:/old state:complete', { timeoutMs: 20000 })
  const { value } = await changes.next()
  await changes.return()
  return {
    status: exchange.response.status,
    followed: value.items[0].request.url,
    text: await text(exchange, 'response'),
    streamed: await new Response(body(exchange, 'response')).text(),
  }
}).catch((error) => {
  if (!(error instanceof WeirError)) throw error
  return { reason: error.reason, message: error.message }
})
console.log(JSON.stringify(result))
`
