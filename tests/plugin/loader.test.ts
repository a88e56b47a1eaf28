import { basename } from 'node:path'
import { expect, test, vi } from 'vitest'
import { ExporterRunner } from '../../daemon/plugin/exporter-runner.ts'
import { loadPlugin } from '../../daemon/plugin/loader.ts'
import { builtInModules } from '../../daemon/plugin/plugin-modules.ts'
import type { WeirError } from '../../sdk/errors.ts'
import { compileCache } from '../support/compile-cache.ts'
import { temporaryHome } from '../support/home.ts'
import { exporterSource, linesSource, writeModule } from './plugin-module.ts'

const builtIn = (await builtInModules()).filter(({ kind }) => kind === 'exporter').map(({ path }) => basename(path, '.ts'))

/** Lists with these modules (file name -> source) and tells what failed. */
async function listWith(sources: Record<string, string>, limits = {}) {
  const home = await temporaryHome()
  const modules = Object.entries(sources).map(([file, source]) => writeModule(home, file, source))
  const failures: WeirError[] = []
  const runner = new ExporterRunner({ compileCache, home, modules, limits, log: () => undefined, failed: (error) => failures.push(error) })
  const names = (await runner.list()).map(({ name }) => name)
  return { runner, names, failures, messages: failures.map(({ message }) => message) }
}

test('every built-in plugin loads and is named like its file', async () => {
  const modules = await builtInModules()
  expect(modules.length).toBeGreaterThan(0)
  for (const { kind, name, path } of modules) expect(await loadPlugin(path)).toMatchObject({ kind, name })
})

test("the built-in exporters and the user's are listed, with their options", async () => {
  const { runner, names, failures } = await listWith({ 'lines.mjs': linesSource('lines'), 'typed.ts': linesSource('typed') })
  expect(names).toEqual([...builtIn, 'lines', 'typed'])
  expect(failures).toEqual([])
  const har = (await runner.list()).find(({ name }) => name === 'har')
  expect(har).toMatchObject({
    version: expect.any(String),
    description: expect.stringContaining('HTTP Archive'),
    config: { type: 'object' },
  })
})

test('plugin code runs in a process of its own, also to list it', async () => {
  const mark = 'globalThis.pluginWasHere = true\n'
  const { names } = await listWith({ 'marks.mjs': mark + linesSource('marks') })
  expect(names).toContain('marks')
  expect(globalThis).not.toHaveProperty('pluginWasHere')
})

test('the list is made once', async () => {
  const home = await temporaryHome()
  const started = `${home}/started`
  const counts = `import { appendFileSync } from 'node:fs'\nappendFileSync(${JSON.stringify(started)}, 'x')\n${linesSource('counts')}`
  const runner = new ExporterRunner({ compileCache, home, modules: [writeModule(home, 'counts.mjs', counts)], log: () => undefined })
  await Promise.all([runner.list(), runner.list()])
  await runner.list()
  const { readFileSync } = await import('node:fs')
  expect(readFileSync(started, 'utf8')).toBe('x')
})

test.each([
  ['no default export', 'export const x = 1', 'bad.mjs: its default export is not a manifest object'],
  ['a default export that is no object', 'export default 3', 'bad.mjs: its default export is not a manifest object'],
  ['another api', linesSource('mine', 'api: 2,'), 'mine: api must be 1'],
  ['an unknown kind', linesSource('mine', "kind: 'painter',"), 'mine: kind must be one of exporter'],
  ['a name with capitals', linesSource('Mine'), 'bad.mjs: name must be lower case'],
  ['no name', linesSource('mine', 'name: undefined,'), 'bad.mjs: name must be lower case'],
  ['no version', linesSource('mine', 'version: undefined,'), 'mine: version must be text'],
  ['no description', linesSource('mine', 'description: undefined,'), 'mine: description must be text'],
  ['no schema', linesSource('mine', 'config: null,'), 'mine: config must be a JSON Schema object'],
  ['a broken schema', linesSource('mine', "config: { type: 'objekt' },"), 'mine: its config schema is broken'],
  ['no create', linesSource('mine', 'create: 1,'), 'mine: create must be a function'],
  ['an unknown key', linesSource('mine', 'creat: 1,'), 'mine: unknown key creat'],
  ['several faults', linesSource('mine', 'api: 2, extra: 1,'), /mine: api must be 1.*; unknown key extra/],
  ['a syntax error', 'export default {', 'bad.mjs: its module does not load'],
  ['a missing import', "import '/no/where/at-all.mjs'\n", /bad\.mjs: its module does not load: .*<path>/],
  ['a throw while it loads', "throw new Error('not today\\nsecret second line')", 'bad.mjs: its module does not load: not today'],
  ['an exit while it loads', 'process.exit(7)', 'bad.mjs: its process ended by itself with exit code 7'],
  ['an exit that looks well', 'process.exit(0)', 'bad.mjs: its process ended by itself with exit code 0'],
])('%s is reported by name, and the others load', async (_, source, message) => {
  const { names, failures, messages } = await listWith({ 'bad.mjs': source, 'lines.mjs': linesSource('lines') })
  expect(names).toEqual([...builtIn, 'lines'])
  expect(failures).toHaveLength(1)
  expect(failures[0]).toMatchObject({ code: 1003, reason: 'pluginFailed' })
  if (typeof message === 'string') expect(messages[0]).toContain(`plugin ${message}`)
  else expect(messages[0]).toMatch(message)
  expect(messages[0]).not.toContain('secret second line')
  expect(messages[0]).not.toContain('/no/where')
})

test('one that never finishes loading is ended, and the others load', async () => {
  const { names, messages } = await listWith({ 'stuck.mjs': 'for (;;);', 'lines.mjs': linesSource('lines') }, { silenceMs: 4000 })
  expect(names).toEqual([...builtIn, 'lines'])
  expect(messages).toEqual(['plugin stuck.mjs: it did not answer for 4 s and was ended'])
})

test('a name belongs to the first that has it, built-in ones before all', async () => {
  const { names, messages } = await listWith({
    'my-har.mjs': linesSource('har'),
    'a.mjs': linesSource('lines'),
    'b.mjs': linesSource('lines'),
  })
  expect(names).toEqual([...builtIn, 'lines'])
  expect(messages).toEqual([
    'plugin my-har.mjs: the name har is taken by another exporter: choose another one',
    'plugin b.mjs: the name lines is taken by another exporter: choose another one',
  ])
})

test('a module file that is missing is reported', async () => {
  const home = await temporaryHome()
  const failed = vi.fn()
  const runner = new ExporterRunner({ compileCache, home, modules: [`${home}/nothing.mjs`], log: () => undefined, failed })
  expect((await runner.list()).map(({ name }) => name)).toEqual(builtIn)
  expect(failed.mock.calls.map(([error]) => error.message)).toEqual([
    expect.stringContaining('plugin nothing.mjs: its module does not load'),
  ])
})

test('listing creates no exporter', async () => {
  const { names, failures } = await listWith({ 'shy.mjs': exporterSource('shy', '', "create() { throw new Error('created') },") })
  expect(names).toContain('shy')
  expect(failures).toEqual([])
})

test('a plugin imports the SDK of the weir that runs it, wherever it lies', async () => {
  const defined = (name: string, from: string) =>
    `import { defineExporter } from '${from}'\n${linesSource(name).replace('export default {', 'export default defineExporter({').replace(/}\n$/, '})\n')}`
  const { names, messages } = await listWith({
    'new.mjs': defined('of-plugin', '@weir/weir/plugin'),
    'old.mjs': defined('of-sdk', '@weir/weir/sdk/plugin'),
  })
  expect(messages).toEqual([])
  expect(names).toEqual(expect.arrayContaining(['of-plugin', 'of-sdk']))
})
