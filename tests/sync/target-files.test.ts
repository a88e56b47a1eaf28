/** Files of cookies that cannot be written for a while: each is left whole, the reason is told, and what it missed comes once it can be written. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { canMount, smallDisk } from '../support/small-disk.ts'
import { capture, txt } from '../support/synced.ts'

const domain = 'localhost'
const others = '.other.example\tTRUE\t/\tFALSE\t1\told\tstays\n'

/** A rule with a cookies.txt that holds `others` and `sid=1`. */
async function inStep(folder: string) {
  const { client } = await startDaemon()
  const path = join(folder, 'cookies.txt')
  writeFileSync(path, others)
  const failures: string[] = []
  client.on('plugin/didFail', ({ message }) => failures.push(message))
  const { set } = await capture(client)
  await client.call('sync/set', { domain, targets: [{ plugin: 'cookies-txt', config: { path } }] })
  await set('sid=1; Path=/')
  await vi.waitFor(() => expect(txt(path)).toEqual(['old=stays', 'sid=1']))
  const target = async () => (await client.call('sync/list', {})).items[0]?.targets[0]
  return { client, path, set, failures, target, run: () => client.call('sync/run', {}) }
}

/** `hinder` makes it impossible to write, `help` possible again. */
async function misses(stage: Awaited<ReturnType<typeof inStep>>, reason: string, hinder: () => void, help: () => void) {
  const { path, set, failures, target, run } = stage
  const before = readFileSync(path)
  hinder()
  await set('sid=2; Path=/', 'more=1; Path=/')
  await vi.waitFor(async () => expect(await target()).toMatchObject({ waiting: 2, error: reason }))
  await run()
  expect(failures).toEqual([`${domain}: ${reason}`])
  expect(readFileSync(path).equals(before)).toBe(true)
  help()
  await run()
  expect(txt(path)).toEqual(['more=1', 'old=stays', 'sid=2'])
  expect(await target()).not.toHaveProperty('error')
}

const beside = (path: string) => readdirSync(join(path, '..')).filter((name) => name.includes('partial'))

describe.skipIf(!canMount)('a cookies.txt (needs root, for a file system of its own)', () => {
  test('on a disk that is read-only', async () => {
    const disk = await smallDisk(1)
    const stage = await inStep(disk.folder)
    const reason = 'it lies on a disk that is read-only: name another path'
    await misses(
      stage,
      reason,
      () => disk.readOnly(true),
      () => disk.readOnly(false),
    )
  })

  test('on a disk that is full', async () => {
    const disk = await smallDisk(1)
    const stage = await inStep(disk.folder)
    await misses(
      stage,
      'the disk is full: make room',
      () => disk.fill(),
      () => disk.clear(),
    )
    expect(beside(stage.path)).toEqual([])
  })

  test('that another program holds', async () => {
    const { folder } = await smallDisk(1)
    const stage = await inStep(folder)
    const { path } = stage
    const release = () => void execFileSync('umount', [path])
    // Nothing takes the place of a file that something is mounted on.
    const hold = () => void execFileSync('mount', ['--bind', path, path])
    await misses(stage, 'another program holds it', hold, release)
    expect(beside(path)).toEqual([])
  })
})

describe('a cookies.txt', () => {
  test('whose folder goes, and comes back with what others wrote meanwhile', async () => {
    const folder = join(await temporaryHome(), 'jars')
    mkdirSync(folder)
    const stage = await inStep(folder)
    const { path, set, target, run } = stage
    renameSync(folder, `${folder}-away`)
    await set('sid=2; Path=/')
    await vi.waitFor(async () => expect((await target())?.error).toBe('its folder does not exist: make it'))
    writeFileSync(join(`${folder}-away`, 'cookies.txt'), `${others.replace('stays', 'new')}localhost\tFALSE\t/\tFALSE\t0\tsid\t1\n`)
    renameSync(`${folder}-away`, folder)
    await run()
    expect(txt(path)).toEqual(['old=new', 'sid=2'])
  })

  test('that is deleted comes back whole with the next change', async () => {
    const { path, set } = await inStep(await temporaryHome())
    await set('more=1; Path=/')
    await vi.waitFor(() => expect(txt(path)).toEqual(['more=1', 'old=stays', 'sid=1']))
    rmSync(path)
    await set('sid=2; Path=/')
    await vi.waitFor(() => expect(txt(path)).toEqual(['more=1', 'sid=2']))
  })

  test('in whose place a folder lies', async () => {
    const { path, set, target, run } = await inStep(await temporaryHome())
    renameSync(path, `${path}.kept`)
    mkdirSync(path)
    await set('sid=2; Path=/')
    await vi.waitFor(async () => expect((await target())?.error).toBe('it is no file: name another path'))
    rmSync(path, { recursive: true })
    renameSync(`${path}.kept`, path)
    await run()
    expect(txt(path)).toEqual(['old=stays', 'sid=2'])
  })

  test('that a link leads to is written where it lies', async () => {
    const { path, set } = await inStep(await temporaryHome())
    renameSync(path, `${path}.real`)
    symlinkSync(`${path}.real`, path)
    await set('sid=2; Path=/')
    await vi.waitFor(() => expect(txt(`${path}.real`)).toEqual(['old=stays', 'sid=2']))
    expect(readFileSync(path).equals(readFileSync(`${path}.real`))).toBe(true)
  })

  test.each([
    ['cookies-txt', 'no cookie at all\n\u0000\u0001', undefined],
    ['storage-state', '{"cookies": [', /^line 1: it is no JSON/],
    ['storage-state', '[1, 2]', /./],
    ['newman', '{"cookies": {"a": 1}}', /./],
    ['newman', 'x', /^line 1: it is no JSON/],
  ] as const)('or another file that is corrupt stays as it is, and is told: %s, %j', async (plugin, content, error) => {
    const { client, home } = await startDaemon()
    const path = join(home.folder, 'corrupt')
    writeFileSync(path, content, 'latin1')
    const { set } = await capture(client)
    await client.call('sync/set', { domain, targets: [{ plugin, config: { path } }], direction: 'both' })
    await set('sid=1; Path=/')
    const target = async () => (await client.call('sync/list', {})).items[0]?.targets[0]
    if (error === undefined) {
      await vi.waitFor(() => expect(readFileSync(path, 'latin1')).toBe(`${content}\nlocalhost\tFALSE\t/\tFALSE\t0\tsid\t1\n`))
      return
    }
    await vi.waitFor(async () => expect((await target())?.error).toMatch(error))
    expect(readFileSync(path, 'latin1')).toBe(content)
    rmSync(path)
    await vi.waitFor(async () => {
      await client.call('sync/run', {})
      expect(readFileSync(path, 'utf8')).toContain('sid')
    })
  })
})
