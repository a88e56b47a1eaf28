/** importer/run through the daemon: what it makes, and what it leaves behind when it does not. */
import { execFileSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { ImportRunner } from '../../daemon/import/import-runner.ts'
import { daemonInProcess } from '../support/daemon-in-process.ts'
import { importFolder } from '../support/imported.ts'

const entry = (path: string, more: object = {}) => ({
  startedDateTime: '2024-05-01T10:00:00.000Z',
  time: 3,
  request: { method: 'GET', url: `https://a.test${path}`, httpVersion: 'HTTP/1.1', headers: [] },
  response: {
    status: 200,
    statusText: 'OK',
    httpVersion: 'HTTP/1.1',
    headers: [{ name: 'Content-Type', value: 'text/plain' }],
    content: { size: 6, mimeType: 'text/plain', text: 'needle' },
    bodySize: 6,
  },
  timings: { send: 1, wait: 1, receive: 1 },
  ...more,
})
const har = (...entries: object[]) => JSON.stringify({ log: { version: '1.2', entries } }, null, 1)

test('a file becomes a stopped session like any other', async () => {
  const { client } = await daemonInProcess()
  const path = join(importFolder(), 'from a browser.json')
  writeFileSync(
    path,
    `\ufeff${har(entry('/1'), entry('/2', { _tags: ['slow'], comment: 'look' }), entry('/3', { request: { method: 'GET', url: 'data:,' } }))}`,
  )
  const heard: unknown[] = []
  const { sessionId, ...rest } = await client.call('importer/run', { path }, { onProgress: (value) => heard.push(value) })
  expect(rest).toEqual({ exchanges: 2, leftOut: 1, malformed: 0, problems: [] })
  expect(heard.at(-1)).toMatchObject({ exchanges: 2 })
  const session = await client.call('session/get', { sessionId })
  expect(session).toMatchObject({ name: 'from a browser.json', state: 'stopped', proxy: null, counts: { exchanges: 2, bytesReceived: 12 } })
  expect((await client.call('session/list', { state: 'stopped' })).items).toEqual([session])
  const { items } = await client.call('exchange/list', { sessionId, where: 'source:import host:a.test' })
  expect(items).toMatchObject([
    { seq: 1, source: 'import', state: 'complete', request: { url: 'https://a.test/1' }, tags: [], note: null },
    { seq: 2, tags: ['slow'], note: 'look' },
  ])
  expect((await client.call('exchange/search', { sessionId, text: 'needle' })).items.map(({ seq }) => seq)).toEqual([2, 1])
  expect((await client.call('query/sql', { sessionId, sql: 'select count(*) from v1_exchange' })).rows).toEqual([[2]])
  expect(await client.call('exchange/set', { sessionId, seq: 1, tags: ['x'] })).toMatchObject({ tags: ['x'] })
  const { text = '' } = await client.call('exporter/run', { sessionId, exporter: 'har' })
  expect(text).toContain('needle')
  expect(await client.call('session/resume', { sessionId })).toMatchObject({ state: 'running', proxy: null })
  await client.call('session/stop', { sessionId })
  await client.call('session/delete', { sessionId })
  expect((await client.call('session/list', {})).items).toEqual([])
})

test('what cannot be imported is said with its place, and nothing of it remains; what was good comes when asked for', async () => {
  const { client, home } = await daemonInProcess()
  const folder = importFolder()
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const reason = (params: { path: string; name?: string; keepGood?: boolean }) =>
    client.call('importer/run', params).then(
      () => null,
      (error: { code: number; reason: string; message: string }) => [error.code, error.reason, error.message],
    )
  const broken = file('broken.har', har(entry('/1'), entry('/2', { startedDateTime: 'never' }), entry('/3')))
  expect(await reason({ path: broken })).toEqual([
    -32602,
    'malformedFile',
    expect.stringMatching(
      /broken\.har: log\.entries\[1\] \(line \d+\): its startedDateTime "never" is no date; nothing was imported; --keep-good/,
    ),
  ])
  const cut = file('cut.har', har(entry('/1'), entry('/2')).slice(0, -40))
  expect(await reason({ path: cut })).toEqual([
    -32602,
    'malformedFile',
    expect.stringContaining('the file ends within its list log.entries'),
  ])
  expect(await reason({ path: file('x.txt', 'hello') })).toEqual([-32602, 'unknownFormat', expect.stringContaining('HAR, ')])
  expect(await reason({ path: file('empty.har', har()) })).toEqual([-32602, 'emptyFile', expect.any(String)])
  expect(await reason({ path: file('none.har', har(entry('', { request: null }))), keepGood: true })).toEqual([
    -32602,
    'malformedFile',
    expect.stringContaining('it has no request; nothing in it could be read'),
  ])
  expect(await reason({ path: join(folder, 'missing') })).toEqual([1001, 'fileNotFound', expect.any(String)])
  expect(await reason({ path: folder })).toEqual([1005, 'fileNotReadable', expect.stringContaining('is a folder')])
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  expect(await reason({ path: pipe })).toEqual([
    1005,
    'fileNotReadable',
    `${pipe} is not a regular file: write what it gives into one, and name that`,
  ])
  expect(await reason({ path: join(broken, 'below') })).toEqual([1005, 'fileNotReadable', `${broken}/below cannot be read (ENOTDIR)`])
  // Its first page is no memory of anybody: reading fails, as that of a broken disk does.
  if (process.platform === 'linux')
    expect(await reason({ path: '/proc/self/mem' })).toEqual([1005, 'fileNotReadable', '/proc/self/mem cannot be read (EIO)'])
  expect(await reason({ path: 'relative.har' })).toEqual([-32602, 'invalidPath', expect.any(String)])
  expect((await client.call('session/list', {})).items).toEqual([])
  expect(readdirSync(home.sessions)).toEqual([])

  const good = await client.call('importer/run', { path: broken, keepGood: true, name: 'kept' })
  expect(good).toMatchObject({
    exchanges: 2,
    malformed: 1,
    problems: [{ at: expect.stringMatching(/^log\.entries\[1\]/), message: expect.any(String) }],
  })
  const ends = await client.call('importer/run', { path: cut, keepGood: true })
  expect(ends).toMatchObject({ exchanges: 1, malformed: 1, problems: [{ message: expect.stringContaining('the file ends') }] })
})

test('an import that is cancelled, finds no memory, or ends with the daemon, leaves no session', async () => {
  const { client, home, stop } = await daemonInProcess()
  const path = join(importFolder(), 'long.har')
  writeFileSync(path, har(...Array.from({ length: 60_000 }, (_, index) => entry(`/${index}`))))
  const abort = new AbortController()
  const cancelled = client.call('importer/run', { path }, { signal: abort.signal, onProgress: () => abort.abort() })
  await expect(cancelled).rejects.toMatchObject({ code: -32800, reason: 'cancelled' })
  expect(readdirSync(home.sessions)).toEqual([])
  expect((await client.call('session/list', {})).items).toEqual([])

  // As Node ends a process whose heap is full.
  let reading: number | null = null
  const abortIt = () => {
    if (reading !== null) return
    reading = Number(execFileSync('pgrep', ['-P', `${process.pid}`, '-f', 'import-process'], { encoding: 'utf8' }).trim())
    process.kill(reading, 'SIGABRT')
  }
  const full = client.call('importer/run', { path }, { onProgress: abortIt })
  await expect(full).rejects.toMatchObject({ code: 1004, reason: 'importTooLarge', message: expect.stringContaining(path) })
  expect(readdirSync(home.sessions)).toEqual([])

  const begun = Promise.withResolvers<void>()
  const stopped = client.call('importer/run', { path }, { onProgress: () => begun.resolve() }).catch((error: Error) => error)
  await begun.promise
  await stop()
  expect(await stopped).toBeInstanceOf(Error)
  // A daemon that is held up does not wait for its processes.
  await vi.waitFor(() => expect(readdirSync(home.sessions)).toEqual([]), 10_000)
})

test('what a kill left of an import is removed', async () => {
  const folder = importFolder()
  for (const name of ['a.weir', 'b.weir.importing', 'b.weir.importing-wal', 'c.weir.importing.new']) writeFileSync(join(folder, name), '')
  await new ImportRunner(() => undefined).removeUnfinished(folder)
  expect(readdirSync(folder)).toEqual(['a.weir'])
})
