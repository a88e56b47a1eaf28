/** An export that follows a session into a file. */
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { startDaemon } from '../support/daemon.ts'
import { capturing, follow, jsonLines, paths, pathsOf } from '../support/followed.ts'
import { temporaryHome } from '../support/home.ts'
import { canMount, smallDisk } from '../support/small-disk.ts'
import { getThrough } from '../support/through-proxy.ts'

const read = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '')
const clockOf = (file: string) => JSON.parse(readFileSync(`${file}.clock`, 'utf8')) as { clock: string; bytes: number }

test('the file has what is on record, then each exchange when it has ended; the end of the session is its end', async () => {
  const { client, sessionId, get } = await capturing()
  const out = join(await temporaryHome(), 'live.jsonl')
  await get('/1', '/2')
  const { result, said } = follow(client, { sessionId, out })
  await vi.waitFor(() => expect(pathsOf(read(out))).toEqual(['/1', '/2']))
  await get('/3')
  await vi.waitFor(() => expect(pathsOf(read(out))).toEqual(['/1', '/2', '/3']))
  expect(statSync(out).mode & 0o777).toBe(0o600)
  await client.call('session/stop', { sessionId })
  const done = await result
  expect(done).toMatchObject({ path: out, exchanges: 3, bytes: read(out).length, ended: 'stopped', clock: expect.stringMatching(/^c:/) })
  expect(clockOf(out)).toMatchObject({ session: sessionId, exporter: 'jsonl', clock: done.clock, bytes: read(out).length })
  expect(said.at(-1)).toMatchObject({ clock: expect.any(String), exchanges: expect.any(Number) })
  expect(jsonLines(read(out)).every(({ state, bodies }) => state === 'complete' && bodies !== undefined)).toBe(true)
})

test('what is open comes when it has ended, behind what began after it', async () => {
  let release: () => void = () => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  const { client, sessionId, get } = await capturing(async (request, response) => {
    if (request.url === '/slow') await held
    response.end()
  })
  const out = join(await temporaryHome(), 'live.jsonl')
  const { stop, result, delivered } = follow(client, { sessionId, out })
  const slow = get('/slow')
  await client.call('exchange/wait', { sessionId, where: 'path:/slow', timeoutMs: 20_000 })
  await get('/quick')
  await vi.waitFor(() => expect(pathsOf(read(out))).toEqual(['/quick']))
  release()
  await slow
  await vi.waitFor(() => expect(pathsOf(read(out))).toEqual(['/quick', '/slow']))
  await client.call('exchange/set', { sessionId, seq: 1, tags: ['later'] })
  await get('/last')
  await delivered(3)
  expect(pathsOf(read(out))).toEqual(['/quick', '/slow', '/last'])
  stop()
  expect(await result).toMatchObject({ exchanges: 3, ended: 'cancelled' })
})

test('another run goes on where the file is, and cuts off what a killed one wrote beyond its clock', async () => {
  const { client, sessionId, get } = await capturing()
  const out = join(await temporaryHome(), 'live.jsonl')
  await get('/1')
  const first = follow(client, { sessionId, out })
  await first.delivered(1)
  expect(pathsOf(read(out))).toEqual(['/1'])
  first.stop()
  expect(await first.result).toMatchObject({ ended: 'cancelled' })
  await get('/2')
  appendFileSync(out, '{"half a li')
  const second = follow(client, { sessionId, out })
  await vi.waitFor(() => expect(pathsOf(read(out))).toEqual(['/1', '/2']))
  await expect(follow(client, { sessionId, out }).result).rejects.toMatchObject({ code: 1002, reason: 'fileInUse' })
  await second.delivered(1)
  second.stop()
  expect(await second.result).toMatchObject({ exchanges: 1 })
  const since = (await client.call('exchange/list', { sessionId, limit: 1 })).clock
  await get('/3')
  const third = follow(client, { sessionId, out, since })
  await vi.waitFor(() => expect(pathsOf(read(out))).toEqual(['/1', '/2', '/3']))
  third.stop()
  await third.result
})

test('a daemon that is killed again and again: in the end the file has exactly the exchanges of the session, none twice', async () => {
  const folder = await temporaryHome()
  const out = join(await temporaryHome(), 'live.jsonl')
  const { url, sessionId, ...first } = await capturing(undefined, { folder })
  let { client, pid } = first
  for (let round = 0; round < 3; round++) {
    const { proxy } = await client.call('session/resume', { sessionId })
    const before = read(out).length
    const following = follow(client, { sessionId, out })
    const asking = Promise.allSettled(paths(60).map((path) => getThrough(proxy?.port ?? 0, `${url}/${round}${path}`)))
    // It is killed in the middle of what it captures and writes.
    await vi.waitFor(() => expect(read(out).length).toBeGreaterThan(before))
    process.kill(pid, 'SIGKILL')
    await expect(following.result).rejects.toMatchObject({ reason: 'connectionLost' })
    await asking
    ;({ client, pid } = await startDaemon({ folder }))
  }
  expect(await follow(client, { sessionId, out }).result).toMatchObject({ ended: 'stopped' })
  const { items } = await client.call('exchange/list', { sessionId, limit: 1000 })
  expect(items.length).toBeGreaterThan(3)
  const seqs = jsonLines(read(out)).map(({ seq }) => seq)
  expect(seqs.sort((a, b) => a - b)).toEqual(items.map(({ seq }) => seq))
})

describe.skipIf(!canMount)('a disk that becomes full ends it at once, and another run goes on when there is room', () => {
  const full = { code: 1005, reason: 'outNotWritable', message: expect.stringContaining('ENOSPC') }

  test('in the middle of a batch, of which nothing stays', async () => {
    const { client, sessionId, get } = await capturing((request, response) => response.end(request.url + ' and more'.repeat(20_000)))
    const disk = await smallDisk(1)
    const out = join(disk.folder, 'live.jsonl')
    await get('/1')
    const first = follow(client, { sessionId, out })
    await first.delivered(1)
    disk.fill(64 * 1024)
    await get('/2')
    await expect(first.result).rejects.toMatchObject(full)
    expect(pathsOf(read(out))).toEqual(['/1'])
    expect(read(out)).toMatch(/\n$/)
    disk.clear()
    const second = follow(client, { sessionId, out })
    await second.delivered(1)
    expect(pathsOf(read(out))).toEqual(['/1', '/2'])
  })

  test('with room for a batch and none for the clock', async () => {
    const { client, sessionId, get } = await capturing()
    const disk = await smallDisk(1)
    const out = join(disk.folder, 'live.jsonl')
    await get('/1')
    const first = follow(client, { sessionId, out })
    await first.delivered(1)
    await vi.waitFor(() => expect(clockOf(out).bytes).toBe(read(out).length))
    disk.fill()
    // What is left of the file's last page takes it.
    await get('/2')
    await expect(first.result).rejects.toMatchObject(full)
    expect(readdirSync(disk.folder).sort()).toEqual(['filler', 'live.jsonl', 'live.jsonl.clock'])
    disk.clear()
    const second = follow(client, { sessionId, out })
    await second.delivered(1)
    expect(pathsOf(read(out))).toEqual(['/1', '/2'])
  })
})

test('a file that is no such file is left alone, and the sentence says what to do', async () => {
  const { client, sessionId } = await capturing()
  const out = join(await temporaryHome(), 'mine.txt')
  writeFileSync(out, 'my words')
  await expect(follow(client, { sessionId, out }).result).rejects.toMatchObject({ code: 1002, reason: 'notFollowed' })
  writeFileSync(`${out}.clock`, JSON.stringify({ session: 'other', exporter: 'jsonl', clock: 'c:other:1', bytes: 3 }))
  await expect(follow(client, { sessionId, out }).result).rejects.toMatchObject({ code: 1002, reason: 'clockForeign' })
  writeFileSync(`${out}.clock`, JSON.stringify({ session: sessionId, exporter: 'jsonl', clock: `c:${sessionId}:1`, bytes: 30 }))
  await expect(follow(client, { sessionId, out }).result).rejects.toMatchObject({ code: 1002, reason: 'fileCut' })
  writeFileSync(`${out}.clock`, JSON.stringify({ session: sessionId, exporter: 'jsonl', clock: `c:${sessionId}:999`, bytes: 8 }))
  await expect(follow(client, { sessionId, out }).result).rejects.toMatchObject({ code: 1002, reason: 'clockAhead' })
  writeFileSync(`${out}.clock`, 'no clock')
  await expect(follow(client, { sessionId, out }).result).rejects.toMatchObject({ code: 1002, reason: 'clockUnreadable' })
  expect(read(out)).toBe('my words')
})
