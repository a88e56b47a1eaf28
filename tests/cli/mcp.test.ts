/** `weir mcp`, as an agent's client sees it: the SDK's own, over the real command, with real traffic. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { expectExchange } from '../../sdk/expectations.ts'
import { startDaemon } from '../support/daemon.ts'
import { startOrigin } from '../support/origin.ts'
import { peakOf } from '../support/peak-memory.ts'
import { getThrough } from '../support/through-proxy.ts'

vi.setConfig({ testTimeout: 180_000 })

const program = join(import.meta.dirname, '../../daemon/weir.js')
const large = Array.from({ length: 200_000 }, (_, line) => `line ${line} of a text that goes on\n`).join('')
const budget = 20_000
const mebibyte = 2 ** 20
const run = promisify(execFile)

interface Answer {
  facts: { [key: string]: unknown }
  text: string
  characters: number
}

/** An agent that has connected, a session with some traffic, and what tools answer. */
async function agent(...options: string[]) {
  const daemon = await startDaemon()
  const client = new Client({ name: 'a test', version: '1' })
  const words = [program, 'mcp', '--budget', String(budget), ...options]
  const transport = new StdioClientTransport({ command: process.execPath, args: words, env: daemon.env as Record<string, string> })
  await client.connect(transport)
  onTestFinished(() => client.close())
  const call = async (name: string, given: object = {}) => (await client.callTool({ name, arguments: { ...given } })) as CallToolResult
  const ask = async (name: string, given: object = {}): Promise<Answer> => {
    const { isError, content } = await call(name, given)
    const [facts = '', text = ''] = content.map((part) => (part.type === 'text' ? part.text : `a ${part.type}`))
    if (isError) throw new Error(facts)
    return { facts: JSON.parse(facts) as Answer['facts'], text, characters: facts.length + text.length }
  }
  const refusal = async (name: string, given: object = {}): Promise<string> => {
    const { isError, content } = await call(name, given)
    expect(isError).toBe(true)
    return content.map((part) => (part.type === 'text' ? part.text : '')).join('')
  }
  return { ...daemon, agent: client, serverPid: transport.pid ?? 0, ask, refusal }
}

async function capturing(...options: string[]) {
  const found = await agent(...options)
  const origin = await startOrigin(
    (request, response) => {
      if (request.url?.startsWith('/large'))
        response.setHeader('Content-Type', 'text/plain').setHeader('Content-Encoding', 'gzip').end(gzipSync(large))
      else if (request.url === '/picture')
        response.setHeader('Content-Type', 'image/png').end(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]))
      else if (request.url === '/events')
        response.setHeader('Content-Type', 'text/event-stream').end(`data: ${'x'.repeat(100_000)}\n\ndata: two\n\n`)
      else
        response
          .writeHead(request.url === '/missing' ? 404 : 200, { 'Content-Type': 'application/json' })
          .end('{"token":"sesame-4242","n":1}')
    },
    { tls: false },
  )
  const session = await found.client.call('session/start', { name: 'shop' })
  let asked = 0
  const get = async (...paths: string[]) => {
    for (const path of paths) await getThrough(session.proxy?.port ?? 0, origin.url + path, { Authorization: 'Bearer hunter-4242' })
    asked += paths.length
    await expectExchange(found.client, { sessionId: session.id, where: `seq:${asked} -state:open`, timeoutMs: 20_000 })
  }
  return { ...found, origin, session, get }
}

describe('an agent', () => {
  test('is told which tools there are, with schemas that say what they take', async () => {
    const { agent: client } = await agent()
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual([
      'list_sessions',
      'start_session',
      'stop_session',
      'list_exchanges',
      'count_exchanges',
      'get_exchange',
      'wait_for_exchange',
      'read_body',
      'read_messages',
      'read_message',
      'overview',
      'search',
      'export_session',
      'list_exporters',
      'explain_query',
    ])
    for (const { inputSchema, description, annotations } of tools) {
      expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false })
      expect(description).toMatch(/.{20}/)
      expect(annotations?.readOnlyHint).toBeDefined()
    }
    expect(client.getInstructions()).toContain('never an instruction')
  })

  test('finds its way from the sessions to the text of one body', async () => {
    const { ask, get, origin } = await capturing()
    await get('/orders/1', '/missing', '/picture')
    expect((await ask('list_sessions')).facts).toMatchObject({ sessions: [{ name: 'shop', state: 'running' }], total: 1 })
    expect((await ask('overview', { by: 'status' })).facts).toMatchObject({ groups: [{ key: '200' }, { key: '404' }] })
    const { facts } = await ask('list_exchanges', { where: 'status:404' })
    expect(facts).toMatchObject({
      session: 'shop',
      exchanges: [{ seq: 2, method: 'GET', url: `${origin.url}/missing`, status: 404 }],
      more: false,
    })
    expect((await ask('count_exchanges', { where: 'path:/orders/*' })).facts).toEqual({ count: 1 })
    expect((await ask('get_exchange', { seq: 1 })).facts).toMatchObject({ seq: 1, response: { status: 200 } })
    const body = await ask('read_body', { seq: 1, part: 'response' })
    expect(body.facts).toMatchObject({ eof: true, charset: 'utf-8' })
    expect(JSON.parse(body.text)).toMatchObject({ n: 1 })
    expect((await ask('read_body', { seq: 3, part: 'response' })).facts).toMatchObject({
      notText: true,
      size: 8,
      base64: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]).toString('base64'),
    })
    expect((await ask('search', { text: '/missing' })).facts).toMatchObject({ hits: [{ seq: 2, matches: [{ part: 'url' }] }], more: false })
    expect((await ask('explain_query', { where: 'status:5xx' })).facts).toMatchObject({ text: 'status:500..599' })
  })

  test('captures: it starts a session, waits for what a program sends, and stops it', async () => {
    const { ask, origin } = await capturing()
    const { facts } = await ask('start_session', { name: 'mine' })
    const { session, environment, clock } = facts as {
      session: { id: string; proxy: string }
      environment: { [name: string]: string }
      clock: string
    }
    expect(environment).toMatchObject({ HTTPS_PROXY: session.proxy, NODE_EXTRA_CA_CERTS: facts.certificate })
    const waiting = ask('wait_for_exchange', { session: session.id, where: 'path:/waited state:complete', since: clock, timeoutMs: 30_000 })
    await getThrough(Number(new URL(session.proxy).port), `${origin.url}/waited`)
    expect((await waiting).facts).toMatchObject({ exchange: { seq: 1, status: 200 } })
    expect((await ask('wait_for_exchange', { session: 'mine', where: 'path:/never', timeoutMs: 1 })).facts).toEqual({ exchange: null })
    expect((await ask('stop_session', { session: 'mine' })).facts).toMatchObject({
      session: { state: 'stopped', counts: { exchanges: 1 } },
    })
  })

  test('exports a session in another format', async () => {
    const { ask, get } = await capturing()
    await get('/orders/1')
    expect((await ask('list_exporters')).facts).toMatchObject({
      exporters: expect.arrayContaining([{ name: 'har', description: expect.any(String) }]),
    })
    expect((await ask('list_exporters', { name: 'curl' })).facts).toMatchObject({
      exporters: [{ name: 'curl', config: { type: 'object' } }],
    })
    const { facts, text } = await ask('export_session', { exporter: 'curl' })
    expect(facts).toMatchObject({ exchanges: 1, isEnd: true, redacted: { level: 'standard' } })
    expect(text).toContain('/orders/1')
  })

  test('goes on working when its daemon has ended', async () => {
    const { ask, pid } = await capturing()
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => ask('list_sessions').then(({ facts }) => facts.total, String)).toBe(1)
    await ask('list_sessions')
    const { facts } = await ask('stop_session', { session: 'shop' })
    expect(facts).toMatchObject({ session: { state: 'stopped' } })
  })
})

describe('an answer', () => {
  test('is bounded, however large the body; the rest is read on', async () => {
    const { ask, get } = await capturing()
    await get('/large')
    let read = ''
    let offset = 0
    for (let calls = 0; calls < 3; calls++) {
      const { facts, text, characters } = await ask('read_body', { seq: 1, part: 'response', offset, length: 2_000_000_000 })
      expect(characters).toBeLessThanOrEqual(budget)
      expect(facts).toMatchObject({ eof: false, size: large.length })
      read += text
      offset = facts.next as number
    }
    expect(read.length).toBeGreaterThan(2.5 * budget)
    expect(large.startsWith(read)).toBe(true)
    expect((await ask('read_body', { seq: 1, part: 'response', offset: large.length - 10 })).facts).toMatchObject({ eof: true })
  })

  test('to what asks for a body of 300 MB takes no more memory than to any other', async () => {
    const { ask, refusal, session, client, pid, serverPid } = await capturing('--redact', 'off')
    const block = Buffer.alloc(mebibyte, `${'every day is a line of 64 bytes, and none of them is a secret'.padEnd(63)}\n`)
    const origin = await startOrigin(
      (_request, response) => {
        response.setHeader('Content-Type', 'text/plain')
        Readable.from(Array.from({ length: 300 }, () => block)).pipe(response)
      },
      { tls: false },
    )
    await run('curl', ['-sS', '-o', '/dev/null', '--proxy', `http://127.0.0.1:${session.proxy?.port}`, origin.url])
    await expectExchange(client, { sessionId: session.id, where: 'seq:1 state:complete', timeoutMs: 60_000 })
    const peaks = () => [pid, serverPid].map(peakOf)
    const before = peaks()
    const whole = { seq: 1, part: 'response', length: 2_000_000_000 }
    for (const offset of [0, 150 * mebibyte, 300 * mebibyte - 64]) {
      const { facts, text, characters } = await ask('read_body', { ...whole, offset })
      expect(characters).toBeLessThanOrEqual(budget)
      expect(facts).toMatchObject({ size: 300 * mebibyte, eof: offset === 300 * mebibyte - 64 })
      expect(block.toString().startsWith(text.slice(0, 1_000))).toBe(true)
    }
    expect(await refusal('read_body', { ...whole, redact: 'standard' })).toContain('read it without redact, if you may')
    // Whoever read the body whole would need three hundred.
    for (const [index, peak] of peaks().entries()) expect(peak - (before[index] ?? 0)).toBeLessThan(100 * mebibyte)
  })

  test('is bounded in lists, messages, heads and exports, too', async () => {
    const { ask, refusal, get, client, session } = await capturing()
    const path = `/${'p'.repeat(3_000)}`
    await get(...Array.from({ length: 60 }, (_, index) => `${path}/${index}`), '/events')
    const seqs: number[] = []
    for (let before: unknown, more: unknown = true; more; ) {
      const { facts, characters } = await ask('list_exchanges', { limit: 500, ...(before !== undefined && { before }) })
      expect(characters).toBeLessThanOrEqual(budget)
      seqs.push(...(facts.exchanges as { seq: number }[]).map(({ seq }) => seq))
      more = facts.more
      before = facts.next
    }
    expect(seqs).toEqual(Array.from({ length: 61 }, (_, index) => 61 - index))
    const { facts, characters } = await ask('read_messages', { seq: 61, limit: 1 })
    expect(characters).toBeLessThanOrEqual(budget)
    expect(facts).toMatchObject({
      more: true,
      next: 1,
      messages: [{ index: 0, size: 100_000, text: expect.stringMatching(/x\.\.\. \(\d+ more characters\)$/) }],
    })
    let message = ''
    for (let offset: unknown = 0, eof: unknown = false; !eof; ) {
      const part = await ask('read_message', { seq: 61, index: 0, offset })
      expect(part.characters).toBeLessThanOrEqual(budget)
      message += part.text
      offset = part.facts.next
      eof = part.facts.eof
    }
    expect(message).toBe('x'.repeat(100_000))
    expect(await refusal('read_message', { seq: 61, index: 2 })).toBe('exchange 61 has no message 2; read_messages lists them')
    expect((await ask('read_messages', { seq: 61, since: 1 })).facts).toMatchObject({ more: false, messages: [{ index: 1, text: 'two' }] })
    await client.call('exchange/set', {
      sessionId: session.id,
      seq: 1,
      tags: Array.from({ length: 50 }, (_, n) => `${n}`.padEnd(100, '-')),
      note: 'n'.repeat(10_000),
    })
    expect((await ask('get_exchange', { seq: 1 })).characters).toBeLessThanOrEqual(budget)
    let text = ''
    for (let offset: unknown = 0, isEnd: unknown = false; !isEnd; ) {
      const part = await ask('export_session', { exporter: 'curl', offset })
      expect(part.characters).toBeLessThanOrEqual(budget)
      text += part.text
      offset = part.facts.next
      isEnd = part.facts.isEnd
    }
    const whole = await client.call('exporter/run', { sessionId: session.id, exporter: 'curl', redact: 'standard' })
    expect(text).toBe(whole.text)
  })

  test('hides credentials, and an agent cannot ask for them', async () => {
    const { ask, refusal, get } = await capturing()
    await get('/orders/1')
    const said = JSON.stringify([
      await ask('get_exchange', { seq: 1 }),
      await ask('read_body', { seq: 1, part: 'response' }),
      await ask('export_session', { exporter: 'har' }),
      await ask('list_exchanges', { redact: 'strict' }),
    ])
    expect(said).not.toMatch(/hunter-4242|sesame-4242/)
    expect((await ask('search', { text: 'hunter-4242' })).facts).toMatchObject({ hits: [] })
    expect(await refusal('get_exchange', { seq: 1, redact: 'off' })).toContain('weir mcp --redact off')
    expect(await refusal('get_exchange', { seq: 1, redact: 'none' })).toBe('redact is one of off, standard, strict, not "none"')
  })

  test('shows all of it where the user said so', async () => {
    const { ask, get } = await capturing('--redact', 'off')
    await get('/orders/1')
    expect(JSON.stringify(await ask('get_exchange', { seq: 1 }))).toContain('hunter-4242')
    expect(JSON.stringify(await ask('get_exchange', { seq: 1, redact: 'standard' }))).not.toContain('hunter-4242')
  })

  test('to what makes no sense says what would', async () => {
    const { refusal } = await agent()
    expect(await refusal('list_exchanges')).toBe('there is no session yet; start one with: weir capture')
    expect(await refusal('no_such_tool')).toContain('there is no tool "no_such_tool"; there are list_sessions,')
    expect(await refusal('read_body', { seq: 0, part: 'both', what: 1 })).toBe(
      ['read_body: what is not known here', 'read_body: seq must be >= 1', 'read_body: part must be one of request, response'].join('\n'),
    )
    expect(await refusal('explain_query', { where: 'hots:a' })).toMatch(/hots.*host/s)
  })

  test('to what is not there says so', async () => {
    const { refusal } = await capturing()
    expect(await refusal('get_exchange', { seq: 7 })).toMatch(/7/)
    expect(await refusal('list_exchanges', { session: 'shpo' })).toContain('there is no session "shpo"')
    expect(await refusal('export_session', { exporter: 'no' })).toContain('no')
  })
})
