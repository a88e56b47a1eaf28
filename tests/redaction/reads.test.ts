/** Everything that is read, with `redact`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import jsonl from '../../plugins/exporters/jsonl.ts'
import { runExporter, testExchange } from '../../sdk/testing.ts'
import { daemonInProcess } from '../support/daemon-in-process.ts'

const secret = 'hunter2-and-more'
const body = JSON.stringify({ user: 'ann', password: secret })

const exchanges = [
  testExchange({
    request: {
      method: 'POST',
      url: `https://ann:${secret}@origin.test/?token=${secret}&page=1`,
      headers: [
        ['Content-Type', 'application/json'],
        ['Authorization', `Bearer ${secret}`],
      ],
    },
    response: {
      headers: [
        ['Content-Type', 'application/json'],
        ['Content-Encoding', 'gzip'],
        ['Set-Cookie', `id=${secret}; HttpOnly`],
      ],
    },
    bodies: { request: body, response: body },
    received: { response: gzipSync(body) },
    messages: [
      { index: 0, at: 1_700_000_001_000, direction: 'sent', type: 'text', text: body, size: body.length },
      { index: 1, at: 1_700_000_002_000, direction: 'received', type: 'text', text: 'plain', size: 5 },
    ],
  }),
  testExchange({ seq: 2, response: { headers: [['Content-Type', 'application/json']] }, bodies: { response: `{"password":"${secret}` } }),
]

test('what is read has no secrets in it when it is asked for so', async () => {
  const { client, home } = await daemonInProcess()
  const path = join(home.folder, 'exchanges.jsonl')
  writeFileSync(path, (await runExporter(jsonl, exchanges)).text)
  const { sessionId } = await client.call('importer/run', { path })
  const at = { sessionId, seq: 1 }

  const plain = await client.call('exchange/get', at)
  expect(JSON.stringify(plain)).toContain(secret)
  const redacted = await client.call('exchange/get', { ...at, redact: 'standard' })
  const [, name] = /token=(redacted-[0-9a-f]{16})&page=1$/.exec(redacted.request.url) ?? []
  expect(redacted.request.url).toBe(`https://${/\/\/(.*)@/.exec(redacted.request.url)?.[1]}@origin.test/?token=${name}&page=1`)
  expect(redacted.request.headers).toContainEqual(['Authorization', `Bearer ${name}`])
  expect(redacted.response?.headers).toContainEqual(['Set-Cookie', `id=${name}; HttpOnly`])
  expect(JSON.stringify(redacted)).not.toContain(secret)
  expect({ ...redacted, request: plain.request, response: plain.response }).toEqual(plain)

  const list = await client.call('exchange/list', { sessionId, redact: 'standard' })
  expect(list.items[0]).toEqual(redacted)
  const changes = await client.call('exchange/list', { sessionId, since: 'start', redact: 'standard' })
  expect(changes.items).toContainEqual(redacted)
  const strict = await client.call('exchange/list', { sessionId, redact: 'strict', limit: 1 })
  expect(strict.items[0]?.request.url).not.toContain('page=1')
  const own = await client.call('exchange/get', { ...at, redact: { query: ['page'] } })
  expect(own.request.url).toContain(`token=${secret}&page=redacted-`)

  for (const part of ['request', 'response'] as const) {
    const { data, size, eof } = await client.call('exchange/readBody', { ...at, part, decode: true, redact: 'standard' })
    const read = Buffer.from(data, 'base64').toString()
    expect([JSON.parse(read), read.length, eof]).toEqual([{ user: 'ann', password: name }, size, true])
    const range = await client.call('exchange/readBody', { ...at, part, decode: true, redact: 'standard', offset: 2, length: 4 })
    expect([Buffer.from(range.data, 'base64').toString(), range.size, range.eof]).toEqual(['user', size, false])
  }
  const messages = await client.call('exchange/readMessages', { ...at, redact: 'standard' })
  expect(messages.items.map(({ text }) => text)).toEqual([JSON.stringify({ user: 'ann', password: name }), 'plain'])
})

test('a body that cannot be looked into is refused, and says how to read it', async () => {
  const { client, home } = await daemonInProcess()
  const path = join(home.folder, 'exchanges.jsonl')
  writeFileSync(path, (await runExporter(jsonl, exchanges)).text)
  const { sessionId } = await client.call('importer/run', { path })
  const params = { sessionId, seq: 2, part: 'response', redact: 'standard' } as const
  await expect(client.call('exchange/readBody', { ...params, decode: true })).rejects.toMatchObject({
    code: 1005,
    reason: 'leftOutByRedaction',
  })
  await expect(client.call('exchange/readBody', params)).rejects.toMatchObject({ code: -32602, reason: 'redactNeedsDecode' })
})

test('a body of more than 16 MiB is not looked into: that takes ten times its size', async () => {
  const { client, home } = await daemonInProcess()
  const path = join(home.folder, 'exchanges.jsonl')
  const large = (size: number) =>
    testExchange({ response: { headers: [['Content-Type', 'text/plain']] }, bodies: { response: Buffer.alloc(size, 'a ') } })
  const most = 16 * 1024 * 1024
  writeFileSync(
    path,
    (
      await runExporter(jsonl, [
        { ...large(most), seq: 1 },
        { ...large(most + 1), seq: 2 },
      ])
    ).text,
  )
  const { sessionId } = await client.call('importer/run', { path })
  const read = (seq: number) =>
    client.call('exchange/readText', { sessionId, seq, part: 'response', redact: 'standard', offset: most - 10, length: 4 })
  expect(await read(1)).toMatchObject({ text: 'a a ', size: most, eof: false })
  await expect(read(2)).rejects.toMatchObject({ code: 1005, reason: 'leftOutByRedaction', message: expect.stringContaining('16 MiB') })
  await expect(client.call('exchange/readForm', { sessionId, seq: 2, part: 'response', redact: 'standard' })).rejects.toMatchObject({
    reason: 'leftOutByRedaction',
  })
})

test('an export whose rules have a query looks for secrets in what matches, and hides them everywhere', async () => {
  const { client, home } = await daemonInProcess()
  const path = join(home.folder, 'exchanges.jsonl')
  const third = testExchange({ seq: 3, request: { url: 'https://origin.test/?token=of-the-third-one' } })
  writeFileSync(path, (await runExporter(jsonl, [...exchanges, third])).text)
  const { sessionId } = await client.call('importer/run', { path })
  const run = (where: string) =>
    client.call('exporter/run', { sessionId, exporter: 'jsonl', options: { bodies: false }, redact: { query: ['token'], where } })
  const { text = '' } = await run('method:POST')
  expect(text).not.toContain(secret)
  expect(text).toContain('of-the-third-one')
  const { text: all = '' } = await run('')
  expect(all).not.toContain('of-the-third-one')
  await expect(run('hots:x')).rejects.toMatchObject({ code: -32602, reason: 'invalidQuery' })
})

/** A form, a text in another charset, a web token in a path, and what hides in none of them. */
const token = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2lnbmF0dXJl'
const latin = Buffer.from(`caf\u00e9 ${token} is no pear`, 'latin1')
const texts = [
  ...exchanges,
  testExchange({
    seq: 3,
    request: {
      method: 'POST',
      url: `https://origin.test/of/${token}/end`,
      headers: [['Content-Type', 'application/x-www-form-urlencoded']],
    },
    response: { headers: [['Content-Type', 'text/plain; charset=iso-8859-1']] },
    bodies: { request: `user=ann&password=${secret}`, response: latin },
  }),
]

async function recorded() {
  const { client, home } = await daemonInProcess()
  const path = join(home.folder, 'texts.jsonl')
  writeFileSync(path, (await runExporter(jsonl, texts)).text)
  return { client, ...(await client.call('importer/run', { path })) }
}
const redact = 'standard'

test('forms, and texts in whatever charset', async () => {
  const { client, sessionId } = await recorded()
  const form = await client.call('exchange/readForm', { sessionId, seq: 3, redact })
  expect(form.items).toEqual([
    expect.objectContaining({ name: 'user', value: 'ann' }),
    expect.objectContaining({ name: 'password', value: expect.stringMatching(/^redacted-[0-9a-f]{16}$/) }),
  ])
  const text = await client.call('exchange/readText', { sessionId, seq: 3, part: 'response', redact })
  expect(text.text).toMatch(/^\ufeff?caf\u00e9 redacted-[0-9a-f]{16} is no pear$/)
})

test('a search finds what is shown only, and shows no secret around it', async () => {
  const { client, sessionId } = await recorded()
  const find = async (text: string) => (await client.call('exchange/search', { sessionId, text, redact })).items
  expect(await find(secret.slice(2, 9))).toEqual([])
  expect(await find('c2lnbmF0dXJl')).toEqual([])
  expect(await find('pear')).toEqual([
    {
      seq: 3,
      matches: [
        expect.objectContaining({ part: 'response.body', before: expect.stringMatching(/caf\u00e9 redacted-[0-9a-f]{16} is no $/) }),
      ],
    },
  ])
  const around = JSON.stringify([await find('password'), await find('user'), await find('origin.test')])
  expect(around).toContain('redacted-')
  expect(around).not.toContain(secret)
  expect(around).not.toContain(token)
  const open = await client.call('exchange/search', { sessionId, text: secret })
  expect(open.items.map(({ seq }) => seq)).toEqual([3, 2, 1])
})

test('an overview by path names no web token', async () => {
  const { client, sessionId } = await recorded()
  const { groups } = await client.call('session/overview', { sessionId, by: 'path', redact })
  expect(groups.map(({ key }) => key)).toContainEqual(expect.stringMatching(/^origin\.test\/of\/redacted-[0-9a-f]{16}\/end$/))
})

test('subscriptions and waits', async () => {
  const { client, sessionId } = await recorded()
  const told: string[] = []
  const ended = new Promise<void>((resolve) => {
    client.on('exchange/didChange', ({ items }) => {
      told.push(...items.map((item) => JSON.stringify(item)))
      if (told.length >= texts.length) resolve()
    })
  })
  await client.call('exchange/subscribe', { sessionId, since: 'start', redact })
  await ended
  const { item } = await client.call('exchange/wait', { sessionId, where: 'seq:1', timeoutMs: 20_000, redact })
  for (const shown of [...told, JSON.stringify(item)]) {
    expect(shown).not.toContain(secret)
    expect(shown).not.toContain(token)
  }
  expect(JSON.stringify(item)).toContain('redacted-')
})

test('SQL takes no redact, for it reads everything', async () => {
  const { client, sessionId } = await recorded()
  const params = { sessionId, sql: 'select 1', redact } as { sessionId: string; sql: string }
  await expect(client.call('query/sql', params)).rejects.toMatchObject({ code: -32602 })
})
