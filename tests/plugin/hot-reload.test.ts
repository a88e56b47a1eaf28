/** Plugins that change while the daemon runs. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { type Filtered, filtered, filterSource } from '../filters/captured.ts'
import { daemonInProcess } from '../support/daemon-in-process.ts'
import { linesSource } from './plugin-module.ts'

const marks = (mark: string) => `exchange.request.url += '?${mark}'; return exchange`

/** Requests are made until one is recorded with this mark. */
async function untilMarked({ client, session, get }: Filtered, mark: string): Promise<void> {
  await vi.waitFor(async () => {
    await get('/again')
    const { items } = await client.call('exchange/list', { sessionId: session.id, where: `url:*${mark}` })
    expect(items).not.toEqual([])
  })
}

/** The marks of what was recorded, each once, in their order. */
async function marksOf({ client, session }: Filtered): Promise<string[]> {
  await client.call('session/stop', { sessionId: session.id })
  const { items } = await client.call('exchange/list', { sessionId: session.id, limit: 1000 })
  return [...new Set(items.map(({ request }) => new URL(request.url).search))]
}

test("a filter's new version, and that of a file it imports, is used from the next exchange on; one that fails leaves the old one running", async () => {
  const daemon = await filtered((module) => {
    const plugin = module('mine', '')
    writeFileSync(plugin.replace('mine', 'mark'), "export const mark = 'one'")
    const source = filterSource('mine', "exchange.request.url += '?' + mark; return exchange")
    writeFileSync(plugin, `import { mark } from './mark.mjs'\n${source}`)
    return [{ plugin }]
  })
  const { home, session, failures, get } = daemon
  const [plugin, part] = [join(home.folder, 'mine.mjs'), join(home.folder, 'mark.mjs')]
  await get('/first')

  writeFileSync(part, "export const mark = 'second'")
  await untilMarked(daemon, 'second')

  writeFileSync(plugin, 'export default { kind:')
  await vi.waitFor(() => expect(failures).toHaveLength(1))
  expect(failures[0]).toMatchObject({ plugin, reason: 'invalidFilter', sessionId: session.id })
  expect(failures[0]?.message).toMatch(/mine\.mjs: its module does not load: .*; the session goes on with the version that it has$/)
  await get('/still')

  writeFileSync(plugin, filterSource('mine', marks('third')))
  await untilMarked(daemon, 'third')
  expect(await marksOf(daemon)).toEqual(['?one', '?second', '?third'])
  expect(failures).toHaveLength(1)
})

test('the list of config.toml, and what it names, is read again', async () => {
  const { client, home } = await daemonInProcess()
  const failures: { plugin: string; reason: string; message: string }[] = []
  client.on('plugin/didFail', (failure) => void failures.push(failure))
  const own = async () => {
    const { items, faults } = await client.call('plugin/list', {})
    return [
      ...items.filter(({ builtIn }) => !builtIn).map(({ name, version }) => `${name} ${version}`),
      ...faults.map(({ plugin }) => plugin),
    ]
  }
  const { id } = await client.call('session/start', { name: 'it', proxy: null })
  const write = (file: string, text: string) => writeFileSync(join(home.folder, file), text)
  const config = (...plugins: string[]) => write('config.toml', `plugins = ${JSON.stringify(plugins)}\n`)
  expect(await own()).toEqual([])

  write('lines.mjs', linesSource('lines'))
  config('lines.mjs', 'later.mjs')
  await vi.waitFor(async () => expect(await own()).toEqual(['lines 1.0.0', 'later.mjs']))
  expect(await client.call('exporter/run', { sessionId: id, exporter: 'lines' })).toMatchObject({ text: '' })

  write('lines.mjs', linesSource('lines', "version: '2', create: () => ({ run: async ({ out }) => void out.write('new') }),"))
  write('later.mjs', linesSource('later'))
  await vi.waitFor(async () => expect(await own()).toEqual(['lines 2', 'later 1.0.0']))
  expect(await client.call('exporter/run', { sessionId: id, exporter: 'lines' })).toMatchObject({ text: 'new' })

  // It stays in the list, for it is named still; what is wrong with it stands beside it.
  write('lines.mjs', readFileSync(join(home.folder, 'lines.mjs'), 'utf8').replace('api: 1', 'api: 2'))
  await vi.waitFor(async () => expect(await own()).toEqual(['later 1.0.0', 'lines 2', 'lines']))
  await expect(client.call('exporter/run', { sessionId: id, exporter: 'lines' })).rejects.toMatchObject({ code: 1003 })

  write('config.toml', 'plugins = "lines.mjs"\n')
  await vi.waitFor(() => expect(failures.at(-1)).toMatchObject({ reason: 'configInvalid', message: expect.stringContaining('plugins') }))
  config('later.mjs')
  await vi.waitFor(async () => expect(await own()).toEqual(['later 1.0.0']))
  expect(failures.map(({ plugin, reason }) => [plugin, reason])).toEqual([
    ['later.mjs', 'pluginFailed'],
    ['lines', 'pluginFailed'],
    ['lines', 'pluginFailed'],
    ['', 'configInvalid'],
  ])
})
