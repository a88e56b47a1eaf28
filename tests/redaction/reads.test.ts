/** exchange/list, get, readBody and readMessages with `redact`. */
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
