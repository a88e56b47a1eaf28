/** The test kit of plugins, of sources. */
import { expect, test } from 'vitest'
import { defineSource } from '../../sdk/plugin.ts'
import type { SourceEvent } from '../../sdk/source.ts'
import { openSource } from '../../sdk/testing.ts'

const request: SourceEvent = {
  kind: 'request',
  id: '1',
  at: 1,
  exchange: 'http',
  method: 'GET',
  url: 'https://shop.example/',
  headers: [],
  view: { sourceId: 'test', requestId: '1', resource: 'fetch' },
}

const source = (events: readonly unknown[], more = {}) =>
  defineSource({
    kind: 'source',
    name: 'of-a-test',
    version: '1',
    api: 1,
    description: 'Emits what it is given',
    config: { type: 'object', additionalProperties: false, properties: { pages: { type: 'integer', default: 2 } } },
    create: ({ pages }, host) => ({
      async open(run) {
        host.log(`${pages} pages of ${run.session.name}`)
        await run.emit(events as SourceEvent[])
        return { browser: 'Test 1.0', notes: [], ended: new Promise<string>(() => undefined), stop: async () => undefined, ...more }
      },
    }),
  })

test('a source is opened as weir opens it, and its events are kept', async () => {
  const { source: opened, events, logs } = await openSource(source([request]), { session: { name: 'mine' } })
  expect(opened.browser).toBe('Test 1.0')
  expect(events).toEqual([request])
  expect(logs).toEqual(['2 pages of mine'])
  await opened.stop()
})

test('what is wrong is told with what the plugin was doing', async () => {
  const failing = (events: readonly unknown[], more = {}) => openSource(source(events, more)).catch((error: Error) => error.message)
  expect(await failing([{ ...request, method: 7 }])).toBe(
    'plugin of-a-test (open): emit: an event of the kind request: /method must be string',
  )
  expect(await failing([{ kind: 'rumour' }])).toContain(
    'the kind of an event is one of request, more, response, body, message, end, connection, lost',
  )
  expect(await failing([], { stop: null })).toContain('open must resolve with { browser, notes, ended, stop() }')
  expect(await failing([], { cookies: {} })).toContain('cookies must be { push(changes, all) }')
  await expect(openSource(source([]), { config: { pages: 'many' as never } })).rejects.toMatchObject({ reason: 'invalidConfig' })
})
