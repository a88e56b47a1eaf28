/** Clients and origins that write, end, reset and go silent at any moment: nothing fails inside, nothing stays behind. */
import type { Socket } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Origin, startRawOrigin } from '../support/origin.ts'
import { startProxy, type TestProxy } from '../support/proxy.ts'
import { connectTo, openTunnel, secure } from '../support/wire.ts'

type Act = { who: 'client' | 'origin'; what: 'write' | 'end' | 'reset' | 'wait'; text: string }

const clientTexts = [
  'GET URL/a HTTP/1.1\r\nHost: x\r\n\r\n',
  'POST URL/b HTTP/1.1\r\nContent-Length: 10\r\n\r\n01234',
  '56789',
  'POST URL/c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
  '0\r\n\r\n',
  'GET URL/d HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  'HEAD URL/e HTTP/1.0\r\n\r\n',
  'GET OTHER/ HTTP/1.1\r\n\r\n',
  'GET http://localhost:1/ HTTP/1.1\r\n\r\n',
  'rubbish\r\n\r\n',
]
const originTexts = [
  'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
  '0\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nraw',
  'HTTP/1.0 200 OK\r\n\r\nuntil the end',
  'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n',
  'rubbish\r\n\r\n',
]
const act = fc.oneof(
  fc.record({
    who: fc.constant('client' as const),
    what: fc.constantFrom('write', 'write', 'write', 'end', 'reset', 'wait'),
    text: fc.constantFrom(...clientTexts),
  }),
  fc.record({
    who: fc.constant('origin' as const),
    what: fc.constantFrom('write', 'write', 'write', 'end', 'reset', 'wait'),
    text: fc.constantFrom(...originTexts),
  }),
) as fc.Arbitrary<Act>

const uncaught: unknown[] = []
const note = (error: unknown) => void uncaught.push(error)
beforeEach(() => {
  uncaught.length = 0
  process.on('uncaughtException', note)
})
afterEach(() => {
  process.off('uncaughtException', note)
})

interface Scene {
  proxy: TestProxy
  origin: Origin
  other: Origin
  atOrigin: Socket[]
  /** The origins take nothing any more. */
  over: boolean
}

async function scene(tls: boolean): Promise<Scene> {
  const take = (socket: Socket) => {
    if (all.over) socket.destroy()
    all.atOrigin.push(socket)
    socket.on('error', () => undefined)
    // As servers do: a client that ended waits for nothing that has not begun.
    socket.on('end', () => setImmediate(() => socket.end()))
    socket.resume()
  }
  const all: Scene = {
    proxy: await startProxy(),
    origin: await startRawOrigin(take, { tls }),
    other: await startRawOrigin(take, { tls: false }),
    atOrigin: [],
    over: false,
  }
  return all
}

const clients: Record<string, (scene: Scene) => Promise<Socket>> = {
  async tap({ proxy, origin }) {
    return secure(await openTunnel(proxy.port, `localhost:${origin.port}`), { servername: 'localhost', ca: proxy.ca.certificate })
  },
  forwarder: ({ proxy }) => connectTo(proxy.port),
  tunnel: ({ proxy, origin }) => openTunnel(proxy.port, `localhost:${origin.port}`),
}

test.each(['tap', 'forwarder', 'tunnel'])('%s', async (path) => {
  const all = await scene(path === 'tap')
  const url = path === 'forwarder' ? `http://localhost:${all.origin.port}` : ''
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 12 }), async (acts) => {
      all.atOrigin.length = 0
      all.over = false
      const client = await (clients[path] as (typeof clients)[string])(all)
      client.resume()
      client.on('error', () => undefined)
      for (const { who, what, text } of acts) {
        const socket = who === 'client' ? client : all.atOrigin.at(-1)
        if (!socket || socket.destroyed) continue
        if (what === 'write' && !socket.writableEnded)
          socket.write(text.replace('URL', url).replace('OTHER', `http://localhost:${all.other.port}`))
        else if (what === 'end') socket.end()
        else if (what === 'reset') socket.destroy(new Error('reset'))
        if (what === 'wait') await new Promise((resolve) => setTimeout(resolve, 2))
        else await new Promise((resolve) => setImmediate(resolve))
      }
      all.over = true
      client.destroy()
      for (const socket of all.atOrigin) socket.destroy()
      await vi.waitFor(async () => expect((await all.proxy.surface.status({})).connections).toBe(0), { timeout: 5000, interval: 2 })
    }),
    { numRuns: 300, seed: 11 },
  )
  expect(uncaught).toEqual([])
  expect(all.proxy.logs).toEqual([])
  const { recorder } = all.proxy
  await vi.waitFor(() => expect(recorder.of('closed').length).toBe(recorder.of('opened').length))
  for (const { connection } of recorder.of('opened')) {
    const records = recorder.records.filter((record) => record.connection === connection)
    expect([records[0]?.kind, records.at(-1)?.kind]).toEqual(['opened', 'closed'])
  }
})
