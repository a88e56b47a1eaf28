/** Calls as a client of the SDK makes them. */
import { Ajv } from 'ajv'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openLog } from '../../daemon/log.ts'
import type { Handler, Handlers } from '../../daemon/rpc/call.ts'
import { Dispatcher } from '../../daemon/rpc/dispatcher.ts'
import { daemonHandlers } from '../../daemon/rpc/handlers/daemon.ts'
import { RpcServer } from '../../daemon/rpc/server.ts'
import { becomeInstance } from '../../daemon/single-instance.ts'
import { connect } from '../../sdk/client.ts'
import { codes, type WeirError } from '../../sdk/errors.ts'
import { homeAt } from '../../sdk/home.ts'
import { requests } from '../../sdk/protocol.ts'
import { Validator } from '../../sdk/validation.ts'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'
import { frame, rawClient } from '../support/raw-client.ts'
import { getThrough } from '../support/through-proxy.ts'

describe('initialize', () => {
  it('names exactly the methods of the table', async () => {
    const { client, pid } = await startDaemon()
    expect(client.initialized).toMatchObject({ daemon: { name: 'weir', pid }, protocol: 1 })
    expect([...client.initialized.capabilities].sort()).toEqual(Object.keys(requests).sort())
  })
})

describe('rpc.discover', () => {
  it('describes every method with schemas that compile, as OpenRPC', async () => {
    const { client } = await startDaemon()
    const document = (await client.call('rpc.discover', {})) as {
      openrpc: string
      info: { version: string }
      methods: { name: string; params: { name: string; required: boolean; schema: object }[]; result: { schema: object } }[]
    }
    expect(document.openrpc).toMatch(/^1\.\d+\.\d+$/)
    expect(document.methods.map(({ name }) => name)).toEqual(Object.keys(requests))
    const ajv = new Ajv({ strict: false })
    for (const { params, result } of document.methods) {
      for (const schema of [...params.map(({ schema }) => schema), result.schema]) expect(() => ajv.compile(schema)).not.toThrow()
    }
    const stop = document.methods.find(({ name }) => name === 'session/stop')
    expect(stop?.params).toMatchObject([{ name: 'sessionId', required: true }])
  })
})

describe('a call', () => {
  it('that is cancelled answers -32800, before and while it runs', async () => {
    const { client } = await startDaemon()
    const session = await client.call('session/start', {})
    const calls = Array.from({ length: 20 }, () => {
      const controller = new AbortController()
      // What would be answered at once may be, before the word that cancels it has come.
      const waits = { sessionId: session.id, where: 'path:/never', timeoutMs: 600_000 }
      const call = client.call('exchange/wait', waits, { signal: controller.signal })
      controller.abort()
      return call.catch((error: WeirError) => error.code)
    })
    expect(new Set(await Promise.all(calls))).toEqual(new Set([codes.cancelled]))
    expect((await client.call('exchange/list', { sessionId: session.id })).items).toEqual([])
  })

  it('tells of its progress, in order and before its answer, to those who asked', async () => {
    const home = homeAt(await temporaryHome())
    const run: Handler<'exporter/run'> = (_params, { progress }) => {
      for (const exchanges of [1, 2, 3]) progress({ exchanges })
      return { exchanges: 3, bytes: 0 }
    }
    const control = { version: '0', status: () => Promise.reject(new Error('not asked for')), stop: async () => undefined }
    const handlers = { ...daemonHandlers(control), 'exporter/run': run } as Handlers
    const rpc = new RpcServer(new Dispatcher(handlers, new Validator(), openLog(home.log, 'info')))
    await becomeInstance(home, rpc.server)
    onTestFinished(() => rpc.close(100))
    const client = await connect({ home })
    const heard: unknown[] = []
    const params = { sessionId: 'a', exporter: 'har' }
    const call = client.call('exporter/run', params, { onProgress: (value) => heard.push(value) })
    await Promise.all([call, client.call('exporter/run', params)])
    expect(heard).toEqual([{ exchanges: 1 }, { exchanges: 2 }, { exchanges: 3 }])
  })

  it('in flight when the connection ends rejects with connectionLost', async () => {
    const { client, pid } = await startDaemon()
    const call = client.call('session/start', {}).catch((error: WeirError) => error)
    process.kill(pid, 'SIGKILL')
    expect(await call).toMatchObject({ code: codes.unavailable, reason: 'connectionLost' })
    await client.closed
    await expect(client.call('session/list', {})).rejects.toMatchObject({ reason: 'connectionLost' })
  })

  it('to a home without a daemon rejects with daemonUnreachable', async () => {
    const home = homeAt(await temporaryHome())
    await expect(connect({ home })).rejects.toMatchObject({
      code: codes.unavailable,
      reason: 'daemonUnreachable',
      data: { errno: 'ENOENT' },
    })
  })
})

describe('a client that asks and does not read', () => {
  it('costs bounded memory and delays nobody', async () => {
    const { home, client, pid } = await startDaemon()
    const origin = await startOrigin((_request, response) => void response.end(Buffer.alloc(8 * 1024 * 1024)), { tls: false })
    const session = await client.call('session/start', {})
    await getThrough(session.proxy?.port ?? 0, origin.url)
    await client.call('session/stop', { sessionId: session.id })
    const raw = await rawClient(home.socket)
    await raw.initialize()
    raw.socket.pause()
    const params = { sessionId: session.id, seq: 1, part: 'response', length: 8 * 1024 * 1024 }
    for (let id = 0; id < 200; id++) raw.socket.write(frame(JSON.stringify({ jsonrpc: '2.0', id, method: 'exchange/readBody', params })))
    const rss = async () => (await client.call('daemon/status', {})).memory.rssBytes
    const most = { bytes: 0 }
    for (let sample = 0; sample < 20; sample++) most.bytes = Math.max(most.bytes, await rss())
    await vi.waitFor(async () =>
      expect((await client.call('exchange/readBody', { ...params, part: 'response' as const })).size).toBe(params.length),
    )
    most.bytes = Math.max(most.bytes, await rss())
    expect(most.bytes).toBeLessThan(600 * 1024 * 1024)
    expect(process.kill(pid, 0)).toBe(true)
  })
})

describe('params with very many unknown keys', () => {
  it('are refused with a short list of them', async () => {
    const { home } = await startDaemon()
    const raw = await rawClient(home.socket)
    onTestFinished(() => void raw.socket.destroy())
    await raw.initialize()
    const params = Object.fromEntries(Array.from({ length: 300_000 }, (_, index) => [`k${index}`, 1]))
    const { error } = await raw.call(1, 'session/list', params)
    expect(error?.code).toBe(-32602)
    expect(error?.data.errors).toHaveLength(20)
  })
})
