/** What a client may get wrong, over the real socket of the real daemon. */
import { describe, expect, it } from 'vitest'
import { requests } from '../../sdk/protocol.ts'
import { startDaemon } from '../support/daemon.ts'
import { type Answer, frame, rawClient } from '../support/raw-client.ts'

async function daemonAndClient() {
  const daemon = await startDaemon()
  const client = await rawClient(daemon.home.socket)
  return { ...daemon, raw: client }
}

/** The daemon still answers another client. */
const isWell = async (path: string): Promise<boolean> => {
  const other = await rawClient(path)
  return (await other.initialize()).result?.protocol === 1
}

describe('the socket', () => {
  it('answers what is no frame with a parse error and closes', async () => {
    const { raw, home } = await daemonAndClient()
    raw.socket.write('GET / HTTP/1.1\r\nHost: weir\r\n\r\n')
    await raw.ended
    expect(raw.received).toMatchObject([{ id: null, error: { code: -32700, data: { reason: 'notAFrame' } } }])
    expect(await isWell(home.socket)).toBe(true)
  })

  it('answers a frame that is no JSON with a parse error and closes', async () => {
    const { raw, home } = await daemonAndClient()
    raw.socket.write(frame('{"jsonrpc": "2.0", oops'))
    await raw.ended
    expect(raw.received).toMatchObject([{ id: null, error: { code: -32700, data: { reason: 'notJson' } } }])
    expect(JSON.stringify(raw.received)).not.toContain('oops')
    expect(await isWell(home.socket)).toBe(true)
  })

  it('answers JSON that is no request with -32600 and closes', async () => {
    const { raw } = await daemonAndClient()
    raw.socket.write(frame('[1,2,3]'))
    await raw.ended
    expect(raw.received).toMatchObject([{ id: null, error: { code: -32600, data: { reason: 'notARequest' } } }])
  })

  it('refuses a frame over 16 MiB before it has come', async () => {
    const { raw, home } = await daemonAndClient()
    raw.socket.write(`Content-Length: ${17 * 1024 * 1024}\r\n\r\n{`)
    await raw.ended
    expect(raw.received).toMatchObject([{ id: null, error: { code: -32700, data: { reason: 'frameTooLarge' } } }])
    expect(await isWell(home.socket)).toBe(true)
  })

  it('takes a frame of almost 16 MiB', async () => {
    const { raw } = await daemonAndClient()
    await raw.initialize()
    const answer = await raw.call(1, 'session/start', { name: 'x'.repeat(16 * 1024 * 1024 - 200) })
    expect(answer.error).toMatchObject({ code: -32602, data: { errors: [{ path: '/name' }] } })
  })

  it('refuses JSON that nests too deep', async () => {
    const { raw } = await daemonAndClient()
    raw.socket.write(frame(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":${'['.repeat(100_000)}${']'.repeat(100_000)}}`))
    await raw.ended
    expect(raw.received).toMatchObject([{ error: { code: -32700, data: { reason: 'tooDeep' } } }])
  })

  it('forgets a client that leaves in the middle of a frame', async () => {
    const { raw, home } = await daemonAndClient()
    raw.socket.write('Content-Length: 1000\r\n\r\n{"jsonrpc"')
    raw.socket.destroy()
    expect(await isWell(home.socket)).toBe(true)
  })
})

describe('a call', () => {
  it('before initialize is refused with -32002', async () => {
    const { raw } = await daemonAndClient()
    expect((await raw.call(1, 'session/list', {})).error).toMatchObject({ code: -32002, data: { reason: 'notInitialized' } })
  })

  it('of a method that is not there answers -32601', async () => {
    const { raw } = await daemonAndClient()
    const { result } = await raw.initialize()
    for (const method of ['session/begin', 'no/such', '__proto__', 'constructor', '']) {
      expect((await raw.call(method, method, {})).error).toMatchObject({ code: -32601, data: { reason: 'methodNotFound' } })
      expect(result?.capabilities).not.toContain(method)
    }
  })

  it('names each param that is wrong', async () => {
    const { raw } = await daemonAndClient()
    await raw.initialize()
    const answer = await raw.call(1, 'session/start', { nam: 'typo', proxy: { port: 'nine' } })
    expect(answer.error).toMatchObject({ code: -32602, data: { reason: 'invalidParams' } })
    expect(answer.error?.data.errors?.map(({ path }) => path)).toEqual(expect.arrayContaining(['/nam', '/proxy/port']))
    expect((await raw.call(2, 'session/get', {})).error?.data.errors).toEqual([{ path: '/sessionId', message: 'is missing' }])
    expect((await raw.call(3, 'session/get', ['an array'])).error?.code).toBe(-32602)
    expect((await raw.call(4, 'session/get')).error?.code).toBe(-32602)
  })

  it('with a where that is no query is told where it is wrong, whatever the method', async () => {
    const { raw } = await daemonAndClient()
    await raw.initialize()
    const where = 'status:200 hots:a'
    const sessionId = (await raw.call(1, 'session/start', {})).result?.id
    const calls: [string, object][] = [
      ['exchange/list', { sessionId, where }],
      ['exchange/list', { sessionId, where, since: 'start' }],
      ['exchange/count', { sessionId, where }],
      ['session/overview', { sessionId, where, by: 'host' }],
      ['exchange/subscribe', { sessionId, where }],
      ['exchange/wait', { sessionId, where, timeoutMs: 0 }],
      ['exporter/run', { sessionId, exporter: 'har', where }],
      ['query/explain', { where }],
    ]
    for (const [method, params] of calls) {
      const { error } = await raw.call(method, method, params)
      expect(error, method).toMatchObject({
        code: -32602,
        data: {
          reason: 'invalidQuery',
          position: 11,
          word: 'hots',
          nearest: 'host',
          known: expect.arrayContaining(['status']),
          errors: [{ path: '/where' }],
        },
      })
    }
  })

  it('with an id that is in flight is refused, and the first one answered', async () => {
    const { raw } = await daemonAndClient()
    await raw.initialize()
    const twins = ['session/list', 'daemon/status'].map((method) => frame(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: {} })))
    raw.socket.write(twins.join(''))
    await raw.next(({ error }) => error?.data.reason === 'idInUse')
    expect((await raw.next(({ id, result }) => id === 1 && result !== undefined)).result).toHaveProperty('items')
  })

  it('beyond 64 in flight is refused, and the 64 are answered', async () => {
    const { raw } = await daemonAndClient()
    await raw.initialize()
    const ids = Array.from({ length: 100 }, (_, index) => index)
    raw.socket.write(ids.map((id) => frame(JSON.stringify({ jsonrpc: '2.0', id, method: 'session/list', params: {} }))).join(''))
    const answers = await Promise.all(ids.map((id) => raw.next((answer) => answer.id === id)))
    const refused = answers.filter(({ error }) => error !== undefined)
    expect(refused.length).toBeGreaterThan(0)
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(64)
    for (const { error } of refused) expect(error).toMatchObject({ code: 1004, data: { reason: 'tooManyInFlight' } })
  })

  it('asks for capabilities the daemon does not have', async () => {
    const { raw } = await daemonAndClient()
    const hello = { client: { name: 'test', version: '1' } }
    const { error } = await raw.call(1, 'initialize', { ...hello, requires: ['session/start', 'time/travel'] })
    expect(error).toMatchObject({ code: 1006, data: { reason: 'missingCapability', missing: ['time/travel'] } })
    expect((await raw.call(2, 'session/list', {})).error?.code).toBe(-32002)
  })

  it('of every method, with params of every wrong shape, gets an answer and kills nothing', async () => {
    const { raw, home, pid } = await daemonAndClient()
    await raw.initialize()
    const shapes: unknown[] = [
      [],
      {},
      { x: 1 },
      { sessionId: 7 },
      { sessionId: 'nope', seq: 1, part: 'request', exporter: 'har', out: '../x' },
    ]
    const methods = Object.keys(requests).filter((method) => method !== 'daemon/stop')
    for (const method of methods) {
      for (const [index, params] of shapes.entries()) {
        const answer: Answer = await raw.call(`${method} ${index}`, method, params)
        expect(answer.error?.code ?? 0).not.toBe(-32603)
      }
    }
    expect(await isWell(home.socket)).toBe(true)
    expect(process.kill(pid, 0)).toBe(true)
  })
})
