/** The test kit of plugins: what a plugin is given in it, and how its mistakes are told. */
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import csv from '../../examples/exporters/csv.ts'
import type { ExporterManifest, FilteredExchange, FilterManifest } from '../../sdk/plugin.ts'
import { runExporter, runFilter, testExchange } from '../../sdk/testing.ts'

const about = { version: '1.0.0', api: 1, description: 'of a test', config: { type: 'object', additionalProperties: false } } as const

const filter = (apply: (exchange: FilteredExchange) => unknown, dispose?: () => void): FilterManifest => ({
  ...about,
  kind: 'filter',
  name: 'mine',
  create: () => ({ apply: apply as (exchange: FilteredExchange) => FilteredExchange | null, ...(dispose && { dispose }) }),
})

const exporter = (run: ReturnType<ExporterManifest['create']>['run']): ExporterManifest => ({
  ...about,
  kind: 'exporter',
  name: 'mine',
  create: () => ({ run }),
})

test('the example exporter writes what it is given', async () => {
  const tunnel = testExchange({ seq: 2, kind: 'tunnel' })
  const { text, exchanges, logs } = await runExporter(csv, [testExchange(), tunnel], { options: { separator: ';' } })
  expect(text).toBe('seq;started;method;url;status;ms;bytes\r\n1;2023-11-14T22:13:21.000Z;GET;https://origin.test/;200;20;5\r\n')
  expect({ exchanges, logs }).toEqual({ exchanges: 1, logs: ['1 tunnels are left out'] })
})

test('an exporter reads bodies as received or decoded, in pieces, and messages', async () => {
  const received = gzipSync('plain')
  const exchange = testExchange({
    bodies: { response: 'plain' },
    received: { response: received },
    messages: [{ index: 0, at: 1, direction: 'received', type: 'text', text: 'hi', size: 2 }],
  })
  const reads = exporter(async ({ exchanges, out }) => {
    for await (const one of exchanges) {
      expect(await one.readBody('response')).toEqual(received)
      for await (const piece of one.streamBody('response')) expect(piece).toEqual(received)
      for await (const { text = '' } of one.messages()) out.write(`${text} `)
      out.write(await one.readBody('response', { decode: true }))
      out.write(String((await one.readBody('request')).length))
    }
  })
  expect((await runExporter(reads, [exchange])).text).toBe('hi plain0')
  expect(exchange.response?.bodySize).toBe(received.length)
})

test('a filter is given copies, its own folder and is disposed of', async () => {
  let disposed = 0
  const given = testExchange()
  const change = filter(
    (exchange) => {
      exchange.request.method = 'PUT'
      return exchange
    },
    () => void disposed++,
  )
  const { kept } = await runFilter(change, [given])
  expect([kept[0]?.request.method, given.request.method, disposed]).toEqual(['PUT', 'GET', 1])
})

test.each([
  ['throws', () => Promise.reject(new Error('no')), /plugin mine \(apply, exchange 7\): apply returned a promise/],
  ['returns garbage', () => ({ request: 7 }), /plugin mine \(apply, exchange 7\): apply must return the exchange or null: its request/],
  ['returns nothing', () => undefined, /it returned something else/],
])('a filter that %s is told with its name, hook and exchange', async (_, apply, message) => {
  const answers = (...words: []) => {
    const answer = apply(...words)
    if (answer instanceof Promise) answer.catch(() => undefined)
    return answer
  }
  await expect(runFilter(filter(answers), [testExchange({ seq: 7 })])).rejects.toMatchObject({
    code: 1003,
    message: expect.stringMatching(message),
    data: { plugin: 'mine', hook: 'apply', seq: 7 },
  })
})

test('a manifest with mistakes, and a plugin of the other kind, are refused', async () => {
  const wrong = { ...filter(() => null), api: 2, creat: 1 } as unknown as FilterManifest
  await expect(runFilter(wrong, [])).rejects.toThrow(/plugin mine \(manifest\): api must be 1.*; unknown key creat/)
  await expect(runExporter(filter(() => null) as unknown as ExporterManifest, [])).rejects.toThrow('it is no exporter')
})

test('an exporter that fails is told with the exchange in hand; one that is cancelled is cancelled', async () => {
  const abort = new AbortController()
  const fails = exporter(async ({ exchanges }) => {
    for await (const { seq } of exchanges) if (seq === 2) throw new Error('not this one')
  })
  const two = [testExchange(), testExchange({ seq: 2 })]
  await expect(runExporter(fails, two)).rejects.toThrow('plugin mine (run, exchange 2): not this one')
  const stops = exporter(async ({ exchanges }) => {
    for await (const _ of exchanges) abort.abort()
  })
  await expect(runExporter(stops, two, { signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' })
})

test('an exporter that follows is run for each batch, and what it writes is one text', async () => {
  const three = [1, 2, 3].map((seq) => testExchange({ seq }))
  const [whole, followed] = [await runExporter(csv, three), await runExporter(csv, three, { batches: [1, 1] })]
  expect(followed).toEqual(whole)
  await expect(
    runExporter(
      exporter(async () => undefined),
      three,
      { batches: [1] },
    ),
  ).rejects.toThrow('plugin mine (manifest): it does not say follow')
})
