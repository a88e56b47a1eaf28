/** Plugins in packages of their own, by the names that config.toml has for them. */
import { execFile } from 'node:child_process'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { exporterLimits } from '../../daemon/plugin/exporter-child.ts'
import { PluginDirectory } from '../../daemon/plugin/plugin-directory.ts'
import type { WeirError } from '../../sdk/errors.ts'
import { compileCache } from '../support/compile-cache.ts'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { installSdk } from '../support/sdk-package.ts'
import { linesSource } from './plugin-module.ts'

const run = promisify(execFile)
const example = join(import.meta.dirname, '../../examples/packages/weir-exporter-markdown')

test('a package from elsewhere passes its own tests with the kit, is installed beside config.toml, and exports', async () => {
  const folder = await temporaryHome()
  const work = join(folder, 'work')
  await cp(example, work, { recursive: true })
  await installSdk(work)
  expect((await run('npm', ['test'], { cwd: work })).stdout).toMatch(/^(?:#|ℹ) pass 3$/m)
  await run('npm', ['pack', '--pack-destination', folder], { cwd: work })
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, join(folder, 'weir-exporter-markdown-1.0.0.tgz')])
  await writeFile(join(folder, 'config.toml'), 'plugins = ["weir-exporter-markdown"]\n')

  const { client } = await startDaemon({ folder })
  const { items, faults } = await client.call('plugin/list', {})
  expect(faults).toEqual([])
  expect(items.at(-1)).toMatchObject({
    name: 'markdown',
    builtIn: false,
    module: expect.stringContaining('node_modules/weir-exporter-markdown'),
  })
  const { id } = await client.call('session/start', { name: 'mine', proxy: null })
  const { text } = await client.call('exporter/run', { sessionId: id, exporter: 'markdown', options: { columns: ['url'], title: 'None' } })
  expect(text).toBe('## None\n\n| url |\n| --- |\n')
})

/** The names of the plugins that are found in a folder with these files, and what is wrong with the others. */
async function found(named: string[], files: { [path: string]: string }) {
  const folder = await temporaryHome()
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const failures: WeirError[] = []
  const directory = new PluginDirectory({
    named,
    from: folder,
    limits: exporterLimits,
    compileCache,
    files: { watch: () => undefined },
    failed: (failure) => failures.push(failure),
  })
  const { items, faults } = await directory.list()
  expect(failures.map(({ message }) => message)).toEqual(faults.map(({ message }) => message))
  return { names: items.filter(({ builtIn }) => !builtIn).map(({ name }) => name), faults }
}

const manifest = (more: object) => JSON.stringify({ type: 'module', ...more })

test('a package is found by its name, a subpath of it, or its folder, as an import would find it', async () => {
  const { names, faults } = await found(['@team/plugins', '@team/plugins/more', './own', 'old', 'loose'], {
    'node_modules/@team/plugins/package.json': manifest({
      name: '@team/plugins',
      exports: { '.': { import: './a.js', require: './none.cjs' }, './more': './lib/b.js' },
    }),
    'node_modules/@team/plugins/a.js': linesSource('from-name'),
    'node_modules/@team/plugins/lib/b.js': linesSource('from-subpath'),
    'own/package.json': manifest({ name: 'own', exports: './index.js' }),
    'own/index.js': linesSource('from-folder'),
    'own/helper.js': 'export const help = 1',
    'old/package.json': manifest({ main: 'main.js' }),
    'old/main.js': linesSource('from-main'),
    'old/other.js': 'export const help = 1',
    'loose/package.json': manifest({}),
    'loose/one.js': linesSource('loose-one'),
    'loose/two.js': linesSource('loose-two'),
  })
  expect(faults).toEqual([])
  expect(names).toEqual(['from-name', 'from-subpath', 'from-folder', 'from-main', 'loose-one', 'loose-two'])
})

test('a package that is missing, or exports nothing that can be used, is told with the way out, and the others load', async () => {
  const { names, faults } = await found(['weir-exporter-missing', 'weir-shut/inside', 'weir-typed', './broken', './gone.mjs', 'good.mjs'], {
    'node_modules/weir-shut/package.json': manifest({ name: 'weir-shut', exports: { '.': './a.js' } }),
    'node_modules/weir-typed/package.json': manifest({ name: 'weir-typed', exports: './a.ts' }),
    'node_modules/weir-typed/a.ts': linesSource('typed'),
    'broken/package.json': '{',
    'good.mjs': linesSource('good'),
  })
  expect(names).toEqual(['good'])
  expect(faults.map(({ plugin, message }) => [plugin, message])).toEqual([
    [
      'weir-exporter-missing',
      'plugin weir-exporter-missing: there is neither such a file nor such a package beside config.toml: correct `plugins`, or install it there: npm install weir-exporter-missing',
    ],
    [
      'weir-shut/inside',
      expect.stringMatching(/^plugin weir-shut\/inside: its package cannot be used: .*'\.\/inside' is not defined by "exports"/),
    ],
    ['broken', expect.stringMatching(/^plugin broken: its package\.json cannot be read/)],
    ['weir-typed', expect.stringMatching(/^plugin weir-typed: its module does not load: .*node_modules/)],
    ['gone.mjs', expect.stringMatching(/^plugin gone\.mjs: its module does not load/)],
  ])
})
