/** An exporter that writes a folder. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ExporterRunner } from '../../daemon/plugin/exporter-runner.ts'
import bodyFiles from '../../examples/exporters/body-files.ts'
import type { WeirError } from '../../sdk/errors.ts'
import { runExporter, testExchange } from '../../sdk/testing.ts'
import { compileCache } from '../support/compile-cache.ts'
import { temporaryHome } from '../support/home.ts'
import { recordSession } from '../support/recorded.ts'
import { canMount, smallDisk } from '../support/small-disk.ts'
import { exporterSource, writeModule } from './plugin-module.ts'

const example = join(import.meta.dirname, '../../examples/exporters/body-files.ts')
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: WeirError) => error,
  )

/** The exporter `mine` writes a folder with this body of its run. */
async function stage(body = '') {
  const home = await temporaryHome()
  const outs = join(home, 'outs')
  const sessions = join(home, 'sessions')
  for (const folder of [outs, sessions]) mkdirSync(folder)
  const session = recordSession(sessions, 2)
  const source = exporterSource('mine', `const { folder } = arguments[0]; ${body}`, "out: 'folder',")
  const modules = [writeModule(home, 'mine.mjs', source), example]
  const runner = new ExporterRunner({ compileCache, home, modules, log: () => undefined })
  return { outs, run: (more: object) => runner.run({ session, exporter: 'mine', ...more }) }
}

test('the example writes each body as a file, for its owner alone', async () => {
  const { run, outs } = await stage()
  const out = join(outs, 'bodies')
  const { path, exchanges, bytes } = await run({ exporter: 'body-files', out })
  const index = readFileSync(join(out, 'index.json'), 'utf8')
  expect(JSON.parse(index)).toMatchObject([{ seq: 1, path: 'host-origin.test/1.body' }, { seq: 2 }])
  expect(readFileSync(join(out, 'host-origin.test/2.body'), 'utf8')).toBe('body 2')
  expect({ path, exchanges, bytes }).toEqual({ path: out, exchanges: 2, bytes: index.length + 12 })
  expect([statSync(out).mode & 0o777, statSync(join(out, 'index.json')).mode & 0o777]).toEqual([0o700, 0o600])
  expect(readdirSync(outs)).toEqual(['bodies'])
})

test('an empty folder is taken, any other stays as it is, and so does a file', async () => {
  const { run, outs } = await stage("folder.file('a').end('x')")
  mkdirSync(join(outs, 'empty'))
  await run({ out: join(outs, 'empty') })
  expect(readdirSync(join(outs, 'empty'))).toEqual(['a'])
  expect(await failure(run({ out: join(outs, 'empty') }))).toMatchObject({
    code: -32602,
    reason: 'invalidOut',
    message: expect.stringContaining('not empty'),
  })
  writeFileSync(join(outs, 'file'), 'mine')
  expect(await failure(run({ out: join(outs, 'file') }))).toMatchObject({ code: -32602, reason: 'invalidOut' })
  expect(await failure(run({}))).toMatchObject({ code: -32602, reason: 'invalidOut', message: expect.stringContaining('writes a folder') })
  expect([readdirSync(outs).sort(), readFileSync(join(outs, 'file'), 'utf8')]).toEqual([['empty', 'file'], 'mine'])
})

test.each([
  ['throws', "throw new Error('no more')", /^plugin mine.*: no more$/],
  ['leads out of its folder', "folder.file('../out')", /leads out of the folder/],
  ['names a file twice', "folder.file('b'); folder.file('b')", /is there already/],
  ['writes to the stream', "out.write('x')", /run\.folder and not to run\.out/],
])('one that %s leaves nothing behind', async (_, body, message) => {
  const { run, outs } = await stage(`folder.file('a/half').write('x'); ${body}`)
  expect(await failure(run({ out: join(outs, 'new') }))).toMatchObject({ code: 1003, message: expect.stringMatching(message) })
  expect(readdirSync(outs)).toEqual([])
})

test.skipIf(!canMount)(
  'a disk that becomes full, or has no room for a file: nothing is left, and it is no failure of the plugin',
  async () => {
    const { run } = await stage(`for (let at = 0; at < 40; at++) {
    const file = folder.file('part/' + at)
    file.end('x'.repeat(1 << 16))
    await new Promise((go) => file.once('close', go))
  }`)
    const disk = await smallDisk(1)
    const full = { code: 1005, reason: 'outNotWritable', message: expect.stringMatching(/ENOSPC.*make room/) }
    expect(await failure(run({ out: join(disk.folder, 'new') }))).toMatchObject(full)
    expect(readdirSync(disk.folder)).toEqual([])
    disk.fill()
    expect(await failure(run({ out: join(disk.folder, 'new') }))).toMatchObject(full)
    expect(readdirSync(disk.folder)).toEqual(['filler'])
  },
)

test('a cancelled one leaves nothing behind', async () => {
  const { run, outs } = await stage("folder.file('a').write('x'); await new Promise(() => setInterval(() => {}, 1000))")
  const controller = new AbortController()
  const result = failure(
    run({
      out: join(outs, 'new'),
      signal: controller.signal,
      onProgress: ({ bytes }: { bytes: number }) => bytes > 0 && controller.abort(),
    }),
  )
  expect(await result).toMatchObject({ code: -32800 })
  expect(readdirSync(outs)).toEqual([])
})

test('the test kit has the files', async () => {
  const hostile = testExchange({ request: { url: 'https://a.test/../x' } })
  const { files, text, exchanges } = await runExporter(bodyFiles, [hostile, testExchange({ seq: 2, response: null })])
  expect([...files.keys()]).toEqual(['index.json', 'host-a.test/1.body'])
  expect([files.get('host-a.test/1.body')?.toString(), text, exchanges]).toEqual(['hello', '', 1])
})
