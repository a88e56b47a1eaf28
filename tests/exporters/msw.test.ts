/** The module, loaded and run by the real Mock Service Worker. */
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import msw from '../../plugins/exporters/msw.ts'
import type { Headers } from '../../sdk/model.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { exported, exportText } from '../support/exported.ts'
import { serveHandlers } from '../support/msw.ts'

async function serve(exchanges: ExportedExchange[]) {
  const { text, leftOut } = await exportText(msw, exchanges, {})
  return { ...(await serveHandlers(text)), leftOut }
}

async function served(exchanges: ExportedExchange[]) {
  const running = await serve(exchanges)
  onTestFinished(running.close)
  return running
}

test('answers with status, header fields and body as the origin did', async () => {
  const headers: Headers = [
    ['Content-Type', 'application/json'],
    ['X-A', '1'],
    ['x-a', '2'],
    ['Content-Encoding', 'gzip'],
    ['Content-Length', '99'],
  ]
  await served([
    exported(
      { request: { url: 'https://api.test/a?x=1' }, response: { status: 418, reason: 'Teapot', headers } },
      { response: gzipSync('{"é":1}') },
    ),
  ])
  const answer = await fetch('https://api.test/a?x=1')
  expect([answer.status, answer.statusText, await answer.text()]).toEqual([418, 'Teapot', '{"é":1}'])
  expect([answer.headers.get('x-a'), answer.headers.get('content-encoding')]).toEqual(['1, 2', null])
  await expect(fetch('https://api.test/a?x=2')).rejects.toThrow()
})

test('several answers to one request come in their order, and the last one repeats', async () => {
  const answer = (text: string, method = 'GET') =>
    exported({ request: { method, url: 'https://api.test/' } }, { response: Buffer.from(text) })
  const { handlers } = await served([answer('1'), answer('posted', 'POST'), answer('2')])
  expect(handlers).toHaveLength(2)
  const read = async (init?: RequestInit) => (await fetch('https://api.test', init)).text()
  expect([await read(), await read({ method: 'POST' }), await read(), await read()]).toEqual(['1', 'posted', '2', '2'])
})

test('one that failed fails', async () => {
  await served([
    exported({ request: { url: 'https://down.test/' }, response: null, state: 'failed', error: { reason: 'dnsNotFound', message: '' } }),
  ])
  await expect(fetch('https://down.test/')).rejects.toThrow(TypeError)
})

test('leaves out what no handler can answer with', async () => {
  const others = [
    exported({ kind: 'tunnel' }),
    exported({ kind: 'websocket', response: { status: 101 } }),
    exported({ state: 'open', response: null }),
    exported({ response: { truncated: true } }),
    exported({ response: { headers: [['Content-Encoding', 'gzip']] } }, { response: Buffer.from('no gzip') }),
    exported({ request: { url: 'https://[bad' } }),
    exported({ request: { method: 'NO METHOD' } }),
  ]
  const { handlers, leftOut } = await served(others)
  expect([handlers.length, leftOut]).toEqual([0, 7])
})

test('whatever was captured is data: every body comes back byte for byte', async () => {
  const nasty = fc.constantFrom(
    '`$' + '{process.exit(1)}`',
    "'); process.exit(1) //",
    '</script><!--',
    '\u2028',
    '\\',
    '*/',
    '\u0000',
    '\r\n',
  )
  const text = fc.array(fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 4 }).map((parts) => parts.join(''))
  const bytes = fc.oneof(
    text.map((each) => Buffer.from(each)),
    fc.uint8Array({ maxLength: 40 }).map((each) => Buffer.from(each)),
  )
  await fc.assert(
    fc.asyncProperty(
      text,
      bytes,
      fc.constantFrom('text/html', 'application/octet-stream', 'text/plain; charset=utf-16le', ''),
      async (wild, body, type) => {
        const path = encodeURIComponent(wild.toWellFormed())
        const headers: Headers = [
          ['Content-Type', type],
          [wild, 'x'],
          ['X-Wild', wild],
        ]
        const running = await serve([
          exported({ request: { url: `https://api.test/${path}` }, response: { reason: wild, headers } }, { response: body }),
        ])
        try {
          expect(running.leftOut).toBe(0)
          const answer = await fetch(`https://api.test/${path}`)
          expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true)
        } finally {
          running.close()
        }
      },
    ),
    { numRuns: 60 },
  )
})
