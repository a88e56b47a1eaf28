/** The flows, read by mitmproxy itself and by weir's own import. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import mitmproxy from '../../plugins/exporters/mitmproxy.ts'
import type { Headers, Message } from '../../sdk/model.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { exported, exportText } from '../support/exported.ts'
import { importContent, importFolder, readAll } from '../support/imported.ts'
import { toolPath } from '../support/tool.ts'

const mitmdump = toolPath('mitmdump', 'mitmproxy')

const allBytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
const at = 1_700_000_000_123.5
const messages: Message[] = [
  { index: 0, at, direction: 'sent', type: 'text', text: 'é\0\ud800', size: 6 },
  { index: 1, at, direction: 'received', type: 'ping', data: '', size: 0 },
  { index: 2, at: at + 1, direction: 'received', type: 'binary', data: allBytes.toString('base64'), size: 256 },
  { index: 3, at, direction: 'sent', type: 'close', data: 'A+hieWU=', size: 5, code: 1000, reason: 'bye' },
]

const everyKind = (): ExportedExchange[] => [
  exported(
    {
      seq: 3,
      note: 'look "at"\nthis',
      tags: ['slow', 'a b'],
      timings: { connect: 2, tls: 3, send: 1, wait: 1.5, receive: 0.5 },
      tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', alpn: 'http/1.1', sni: 'origin.test' },
      request: {
        method: 'POST',
        url: 'https://origin.test:8443/a/../b?q=\u00e4 \'"',
        headers: [
          ['Host', 'origin.test:8443'],
          ['X-A', '\u00ff'],
          ['x-a', ''],
        ],
        trailers: [['X-End', '1']],
      },
      response: { status: 404, reason: 'Not Found', headers: [['Content-Encoding', 'gzip']] },
    },
    { request: allBytes, response: Buffer.from('no gzip'), pieceBytes: 100 },
  ),
  exported({ seq: 4, request: { url: 'http://[::1]/', httpVersion: '2', headers: [] }, response: { httpVersion: '2', reason: '' } }),
  exported({
    seq: 5,
    state: 'failed',
    timings: { send: 1 },
    response: null,
    error: { reason: 'tlsUntrusted', message: 'its certificate is not trusted' },
  }),
  exported({ seq: 6, state: 'aborted', response: { truncated: true } }, { response: Buffer.from('beg') }),
  exported({ seq: 7, kind: 'websocket', response: { status: 101, reason: 'Switching Protocols' } }, { messages }),
  exported({ seq: 8, kind: 'tunnel' }),
  exported({ seq: 9, request: { method: 'OPTIONS', url: 'http://origin.test' } }),
]

async function flows(exchanges: ExportedExchange[]): Promise<Buffer> {
  return (await exportText(mitmproxy, exchanges, {})).bytes
}

/** As they come back; connections are numbered anew, and the end of a body that was cut is not there. */
async function imported(content: Buffer) {
  const { file } = await importContent(content, importFolder())
  return (await readAll(file)).map(({ exchange: { sessionId: _s, connectionId: _c, source: _o, seq: _q, ...exchange }, ...bodies }) => ({
    ...exchange,
    ...{ requestBody: bodies.request.toString('latin1'), responseBody: bodies.response.toString('latin1') },
    messages: bodies.messages,
  }))
}

function expected(exchange: ExportedExchange, bodies: { request?: Buffer; response?: Buffer } = {}, inside: Message[] = []) {
  const { sessionId: _s, connectionId: _c, source: _o, seq: _q, readBody: _r, streamBody: _b, messages: _m, ...plain } = exchange
  const { messages: _, ...rest } = plain as typeof plain & { messages?: unknown }
  const text = (bytes?: Buffer) => (bytes ?? Buffer.alloc(0)).toString('latin1')
  return { ...rest, requestBody: text(bodies.request), responseBody: text(bodies.response), messages: inside }
}

const kept = messages.filter(({ type }) => type !== 'ping')
const whatComesBack = () => {
  const [plain, second, failed, cut, socket, , options] = everyKind()
  return [
    expected(plain as ExportedExchange, { request: allBytes, response: Buffer.from('no gzip') }),
    expected(second as ExportedExchange),
    expected(failed as ExportedExchange),
    expected(cut as ExportedExchange, { response: Buffer.from('beg') }),
    expected(
      socket as ExportedExchange,
      {},
      kept.map((message, index) => ({
        ...message,
        index,
        ...(message.text !== undefined && { text: 'é\0\ufffd' }),
        // When it was closed is when it ended.
        ...(message.type === 'close' && { at: 1_700_000_000_003.25 }),
      })),
    ),
    expected(options as ExportedExchange),
  ]
}

describe('an import', () => {
  it('of the flows is what was exported', async () => {
    expect(await imported(await flows(everyKind()))).toEqual(whatComesBack())
  })

  it('of any version of HTTP is a flow', async () => {
    const versions = ['constructor', '__proto__', '2', '1.0']
    const content = await flows(versions.map((httpVersion) => exported({ request: { httpVersion } })))
    const read = await imported(content)
    expect(read.map(({ request }) => request.httpVersion)).toEqual(['', '', '2', '1.0'])
    expect(content.toString('latin1')).toContain('HTTP/constructor')
  })

  it('of any exchange is what was exported', async () => {
    const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 12 })
    const headers: fc.Arbitrary<Headers> = fc.array(fc.tuple(latin1, latin1), { maxLength: 4 })
    const body = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
    const one = fc.record({ path: latin1, method: fc.stringMatching(/^[A-Z]{1,8}$/), headers, body, answer: headers, response: body })
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 5 }), async (list) => {
        const given = list.map(({ path, method, headers, body, answer, response }, index) => ({
          exchange: exported(
            {
              seq: index + 1,
              request: { method: `X${method}`, url: `https://origin.test/${path}`, headers: [['Host', 'origin.test'], ...headers] },
              response: { headers: answer },
            },
            { request: body, response, pieceBytes: 50 },
          ),
          bodies: { request: body, response },
        }))
        expect(await imported(await flows(given.map(({ exchange }) => exchange)))).toEqual(
          given.map(({ exchange, bodies }) => expected(exchange, bodies)),
        )
      }),
      { seed: 20_261_128, numRuns: 20 },
    )
  })
})

it('tunnels are left out', async () => {
  expect((await exportText(mitmproxy, everyKind(), {})).leftOut).toBe(1)
})

it('a body that grows while it is read is as long as was said', async () => {
  const growing = exported({ seq: 1, state: 'open', durationMs: null }, { response: Buffer.from('grown since') })
  let readings = 0
  growing.streamBody = async function* (part) {
    if (part === 'response') yield Buffer.from('grown since').subarray(0, readings++ === 0 ? 5 : undefined)
  }
  const [back] = await imported(await flows([growing]))
  expect(back).toMatchObject({ responseBody: 'grown', state: 'aborted', error: { reason: 'notRecorded' } })
})

describe.skipIf(mitmdump === null)('mitmproxy', () => {
  it('reads them all', async () => {
    const file = join(importFolder(), 'flows')
    writeFileSync(file, await flows(everyKind()))
    const python = /^#!(\S+)/.exec(readFileSync(mitmdump as string, 'latin1'))?.[1] ?? 'python3'
    const printed = execFileSync(python, [join(import.meta.dirname, '../support/mitmproxy-read.py'), file], { encoding: 'utf8' })
    const [plain, second, failed, cut, socket, options, ...more] = printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { [name: string]: unknown })
    expect(more).toEqual([])
    expect(plain).toMatchObject({
      method: 'POST',
      status: 404,
      comment: 'look "at"\nthis',
      request: {
        version: 'HTTP/1.1',
        headers: (everyKind()[0] as ExportedExchange).request.headers,
        content: allBytes.toString('latin1'),
        trailers: [['X-End', '1']],
      },
      response: { content: 'no gzip' },
    })
    expect(second).toMatchObject({ request: { version: 'HTTP/2.0' } })
    expect(failed).toMatchObject({ status: null, error: 'its certificate is not trusted' })
    expect(cut).toMatchObject({ response: { content: 'beg' } })
    expect(socket).toMatchObject({
      closed: [true, 1000, 'bye'],
      messages: [
        [true, true, Buffer.from('é\0\ufffd').toString('latin1')],
        [false, false, allBytes.toString('latin1')],
      ],
    })
    expect(options).toMatchObject({ method: 'OPTIONS' })
  })

  it('writes them again, and nothing is missing then', async () => {
    const folder = importFolder()
    // What failed after its answer had begun mitmdump writes twice, its own flows, too.
    const isOnce = ({ state, response }: { state: string; response: unknown }) => state !== 'aborted' || response === null
    writeFileSync(join(folder, 'flows'), await flows(everyKind().filter(isOnce)))
    execFileSync(mitmdump as string, ['-q', '-nr', 'flows', '-w', 'again', '--set', 'confdir=.'], { cwd: folder })
    expect(await imported(readFileSync(join(folder, 'again')))).toEqual(whatComesBack().filter(isOnce))
  })
})
