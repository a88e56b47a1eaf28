/** jar/*, through the real daemon. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'

test('a jar is filled, read, exported, imported into another, cleared and deleted', async () => {
  const { client } = await startDaemon()
  const jar = 'work'
  const url = 'https://www.shop.example/'
  const cookies = [{ name: 'sid', value: '1', domain: '.shop.example', secure: true }]
  const { items } = await client.call('jar/set', { jar, cookies, url, setCookie: ['a=1; Secure', 'b=2; Domain=example', 'a=; Max-Age=0'] })
  expect(items.map(({ cause, reason }) => reason ?? cause)).toEqual(['set', 'set', 'publicSuffix', 'deleted'])
  expect((await client.call('jar/set', { jar, url, setCookie: ['a=3; Secure'] })).items).toMatchObject([
    { cause: 'set', cookie: { value: '3' } },
  ])
  expect((await client.call('jar/get', { jar, url: 'https://api.shop.example/' })).items).toMatchObject([{ name: 'sid', hostOnly: false }])
  const file = join(await temporaryHome(), 'state.json')
  expect(await client.call('jar/export', { jar, format: 'storage-state', out: file })).toEqual({ path: file, cookies: 2, leftOut: 0 })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(JSON.parse(readFileSync(file, 'utf8')).cookies).toHaveLength(2)
  const imported = await client.call('jar/import', { jar: 'other', path: file })
  expect(imported).toMatchObject({ format: 'storage-state', counts: { set: 2, rejected: 0 }, malformed: 0 })
  expect((await client.call('jar/list', {})).items.map(({ name, cookies: count }) => [name, count])).toEqual([
    ['other', 2],
    ['work', 2],
  ])
  expect(await client.call('jar/delete', { jar, domain: 'shop.example', name: 'sid' })).toEqual({ deleted: 1 })
  expect(await client.call('jar/clear', { jar: 'other', domain: 'shop.example' })).toEqual({ deleted: 2 })
  expect(await client.call('jar/delete', { jar })).toEqual({ deleted: 1 })
  expect((await client.call('jar/list', {})).items).toMatchObject([{ name: 'other', cookies: 0 }])
})

test('a corrupt file imports nothing, and says on which line; with keepGood it says so of each', async () => {
  const { client } = await startDaemon()
  const path = join(await temporaryHome(), 'cookies.txt')
  writeFileSync(path, 'shop.example\tFALSE\t/\tFALSE\t0\ta\t1\nshop.example\tFALSE\t/\nco.uk\tTRUE\t/\tFALSE\t0\tb\t2\n')
  const refused = client.call('jar/import', { jar: 'work', path })
  await expect(refused).rejects.toMatchObject({
    code: -32602,
    reason: 'malformedFile',
    message: 'line 2: it has 3 fields between tabs, not 7; nothing was imported',
  })
  expect((await client.call('jar/get', { jar: 'work' })).items).toEqual([])
  expect(await client.call('jar/import', { jar: 'work', path, keepGood: true })).toEqual({
    format: 'cookies-txt',
    counts: { set: 1, updated: 0, expired: 0, deleted: 0, rejected: 1 },
    rejected: [{ at: 'line 3', reason: 'publicSuffix', name: 'b', domain: 'co.uk' }],
    malformed: 1,
    problems: [{ at: 'line 2', message: 'it has 3 fields between tabs, not 7' }],
  })
})

test('what cannot be is refused with what to do', async () => {
  const { client, home } = await startDaemon()
  await expect(client.call('jar/get', { jar: '' })).rejects.toMatchObject({ code: -32602 })
  await expect(client.call('jar/get', { jar: 'a\nb' })).rejects.toMatchObject({ code: -32602 })
  await expect(client.call('jar/set', { jar: 'a', setCookie: ['a=1'] })).rejects.toMatchObject({ reason: 'urlMissing' })
  await expect(client.call('jar/set', { jar: 'a', url: 'nowhere', setCookie: ['a=1'] })).rejects.toMatchObject({ reason: 'invalidUrl' })
  await expect(client.call('jar/import', { jar: 'a', path: join(home.folder, 'none') })).rejects.toMatchObject({
    code: 1001,
    reason: 'fileNotFound',
  })
  await expect(client.call('jar/import', { jar: 'a', path: home.folder })).rejects.toMatchObject({ code: 1005, reason: 'fileNotReadable' })
  await expect(client.call('jar/import', { jar: 'a', text: '{' })).rejects.toMatchObject({
    reason: 'malformedFile',
    message: /^line 1: it is no JSON/,
  })
  await expect(client.call('jar/export', { jar: 'a', format: 'har' })).rejects.toMatchObject({ reason: 'readOnlyFormat' })
  await expect(client.call('jar/export', { jar: 'a', format: 'newman', out: 'relative' })).rejects.toMatchObject({ reason: 'invalidOut' })
})

test('jars outlive a kill of the daemon', async () => {
  const first = await startDaemon()
  await first.client.call('jar/set', { jar: 'work', cookies: [{ name: 'a', value: '1', domain: 'shop.example' }] })
  process.kill(first.pid, 'SIGKILL')
  await expect.poll(() => isThere(first.pid)).toBe(false)
  const { client } = await startDaemon({ folder: first.home.folder })
  expect((await client.call('jar/get', { jar: 'work' })).items).toMatchObject([{ name: 'a', value: '1' }])
})

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
