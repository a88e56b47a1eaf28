import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Reader } from '../../daemon/store/reader.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import type { StoredCookieChange } from '../../daemon/store/surface.ts'
import type { Headers } from '../../sdk/model.ts'
import { temporaryHome } from '../support/home.ts'
import { newRecord } from '../support/records.ts'

async function open() {
  const path = join(await temporaryHome(), 'a.weir')
  let file = SessionFile.open(path, { create: true })
  const reader = new Reader(path)
  onTestFinished(() => {
    reader.close()
    file.close()
  })
  const changes = (domain: string | null = null, until = Number.MAX_VALUE) => reader.cookieChanges(0, 1000, domain, until).items
  return {
    changes,
    reader,
    get file() {
      return file
    },
    reopen() {
      file.close()
      file = SessionFile.open(path)
    },
  }
}

const short = ({ seq, cause, reason, cookie }: StoredCookieChange) => `${seq} ${cause} ${reason ?? `${cookie?.name}=${cookie?.value}`}`
const asked = (...values: string[]) => ({ fields: values.map((value): Headers[number] => ['cookie', value]) })
const answered = (...values: string[]) => ({ fields: values.map((value): Headers[number] => ['Set-Cookie', value]) })

test('what responses set and requests send is on record, in order, with the exchange', async () => {
  const { file, changes } = await open()
  const first = newRecord(file.nextSeq(), { requestFields: asked('old=1'), responseFields: answered('sid=1; HttpOnly', '__Host-x=1') })
  const second = newRecord(file.nextSeq(), { requestFields: asked('old=1; sid=1'), responseFields: answered('sid=; Max-Age=0') })
  file.commit([first, second], [])
  expect(changes().map(short)).toEqual(['1 sent old=1', '1 set sid=1', '1 rejected hostPrefix', '2 deleted sid='])
  expect(changes()[1]).toEqual({
    index: 2,
    seq: 1,
    at: first.responseStartedAt,
    cause: 'set',
    reason: null,
    cookie: {
      name: 'sid',
      value: '1',
      domain: 'a.test',
      hostOnly: true,
      path: '/items',
      expires: null,
      secure: false,
      httpOnly: true,
      sameSite: null,
      partitionKey: null,
      createdAt: first.responseStartedAt,
      updatedAt: first.responseStartedAt,
    },
  })
})

test('an exchange that is written several times tells each field once', async () => {
  const { file, changes } = await open()
  const record = newRecord(file.nextSeq(), { state: 'open', endedAt: 0, requestFields: asked('a=1'), responseFields: null, status: 0 })
  file.commit([record], [])
  expect(changes().map(short)).toEqual(['1 sent a=1'])
  Object.assign(record, { status: 200, responseFields: answered('b=2') })
  file.commit([record], [])
  file.commit([record], [])
  Object.assign(record, { state: 'complete', endedAt: record.startedAt + 1 })
  file.commit([record], [])
  expect(changes().map(short)).toEqual(['1 sent a=1', '1 set b=2'])
})

test('a reopened file goes on from what is on record', async () => {
  const opened = await open()
  opened.file.commit([newRecord(opened.file.nextSeq(), { responseFields: answered('a=1; Path=/', 'b=1; Path=/; Max-Age=5') })], [])
  opened.reopen()
  const later = newRecord(opened.file.nextSeq(), { requestFields: asked('a=1'), responseFields: answered('a=2; Path=/') })
  later.startedAt += 10_000
  later.responseStartedAt += 10_000
  opened.file.commit([later], [])
  expect(opened.changes().map(short)).toEqual(['1 set a=1', '1 set b=1', '1 expired b=1', '2 updated a=2'])
})

test('a commit that fails leaves nothing, and is told whole the next time', async () => {
  const { file, changes } = await open()
  const record = newRecord(file.nextSeq(), { responseFields: answered('a=1') })
  const bad = newRecord(file.nextSeq(), { method: Symbol('none') as never })
  expect(() => file.commit([record, bad], [])).toThrow()
  expect(changes()).toEqual([])
  file.commit([record], [])
  expect(changes().map(short)).toEqual(['1 set a=1'])
})

test('deleted exchanges take their changes with them', async () => {
  const { file, changes } = await open()
  for (const name of ['a', 'b']) file.commit([newRecord(file.nextSeq(), { responseFields: answered(`${name}=1`) })], [])
  file.delete([1])
  expect(changes().map(short)).toEqual(['2 set b=1'])
})

test('what comes after deleted changes has an index of its own, also in a reopened file: who read on from there misses nothing', async () => {
  const opened = await open()
  const { reader } = opened
  const set = (value: string) => opened.file.commit([newRecord(opened.file.nextSeq(), { responseFields: answered(`a=${value}`) })], [])
  const after = (index: number) =>
    reader.cookieChanges(index, 10, null, Number.MAX_VALUE).items.map((change) => [change.index, short(change)])
  set('1')
  expect(after(0)).toEqual([[1, '1 set a=1']])
  opened.file.delete([1])
  set('2')
  expect(after(1)).toEqual([[2, '2 updated a=2']])
  opened.file.delete([2])
  opened.reopen()
  set('3')
  expect(after(2)).toEqual([[3, '3 set a=3']])
})

test('what a deleted exchange set does not come back when its time comes', async () => {
  const { file, changes } = await open()
  file.commit([newRecord(file.nextSeq(), { responseFields: answered('a=1; Max-Age=5', 'b=1') })], [])
  file.delete([1])
  const later = newRecord(file.nextSeq(), { requestFields: asked('c=1') })
  later.startedAt += 10_000
  file.commit([later], [])
  expect(changes().map(short)).toEqual(['2 sent c=1'])
})

test('a domain means its subdomains, too; an origin that host only; and pages end where they are told', async () => {
  const { file, reader, changes } = await open()
  const hosts = ['shop.example', 'www.shop.example', 'shop.example.net', 'other.example']
  for (const authority of hosts)
    file.commit([newRecord(file.nextSeq(), { authority, responseFields: answered('a=1', 'b=1; Domain=x.y') })], [])
  expect(changes('shop.example').map(({ seq }) => seq)).toEqual([1, 2])
  expect(changes('https://shop.example').map(({ seq }) => seq)).toEqual([1])
  expect(reader.cookieChanges(0, 3, null, Number.MAX_VALUE)).toMatchObject({ items: [{ index: 1 }, { index: 2 }, { index: 3 }], next: 3 })
  expect(reader.cookieChanges(6, 3, null, Number.MAX_VALUE)).toMatchObject({ items: [{ index: 7 }, { index: 8 }], next: null })
  expect(() => changes('https://shop.example/path')).toThrow('is no domain')
})

test('what a browser says of a request from another site decides what it takes', async () => {
  const { file, changes } = await open()
  const from: Headers = [
    ['Sec-Fetch-Site', 'cross-site'],
    ['Sec-Fetch-Dest', 'empty'],
    ['Referer', 'https://www.news.example/today'],
  ]
  const set = answered('lax=1', 'none=1; Secure; SameSite=None', 'chip=1; Secure; SameSite=None; Partitioned')
  file.commit([newRecord(file.nextSeq(), { requestFields: { fields: from }, responseFields: set })], [])
  expect(changes().map(short)).toEqual(['1 rejected crossSite', '1 set none=1', '1 set chip=1'])
  expect(changes()[2]?.cookie?.partitionKey).toBe('https://news.example')
})
