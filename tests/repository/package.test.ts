/** What `npm pack` makes: compiled JavaScript and declarations that run where no sources are. */
import { execFile } from 'node:child_process'
import { access, mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { environment } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

describe('the package', () => {
  it('starts its own daemon, captures and exports without a TypeScript source', { timeout: 180_000 }, async () => {
    const folder = await temporaryHome()
    await run('npm', ['pack', '--pack-destination', folder], { cwd: root, maxBuffer: 16 * 1024 * 1024 })
    const tarball = (await readdir(folder)).find((file) => file.endsWith('.tgz')) ?? 'no tarball'
    await run('tar', ['xzf', join(folder, tarball), '-C', folder])
    const unpacked = join(folder, 'package')
    await symlink(join(root, 'node_modules'), join(unpacked, 'node_modules'))

    const files = (await readdir(unpacked, { recursive: true })).filter((file) => !file.startsWith('node_modules'))
    expect(files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([])
    await access(join(unpacked, 'dist/sdk/client.d.ts'))
    const kit = "import { testExchange } from '@weir/weir/sdk/testing'; console.log(testExchange().request.url)"
    expect((await run(process.execPath, ['--input-type=module', '-e', kit], { cwd: unpacked })).stdout).toBe('https://origin.test/\n')

    const env = environment(join(folder, 'home'))
    const weir = (...words: string[]) =>
      run(process.execPath, [join(unpacked, 'daemon/weir.js'), ...words], { env: env as NodeJS.ProcessEnv })
    const mine = join(folder, 'mine')
    await weir('plugin', 'new', 'exporter', 'mine', mine)
    await mkdir(join(mine, 'node_modules/@weir'), { recursive: true })
    await symlink(unpacked, join(mine, 'node_modules/@weir/weir'))
    expect((await run('npm', ['test'], { cwd: mine })).stdout).toMatch(/^(?:#|ℹ) pass 1$/m)

    onTestFinished(async () => void (await weir('stop').catch(() => undefined)))
    expect((await weir('capture', '--', 'curl', '-sS', 'http://weir/page.js')).stdout).toContain('fetch(')
    const har = await weir('export', 'last', 'har')
    expect(JSON.parse(har.stdout)).toMatchObject({ log: { version: '1.2', entries: [] } })
  })
})
