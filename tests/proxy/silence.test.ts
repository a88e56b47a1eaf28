/** Tunnels whose client says nothing for a while: who speaks first decides what they are. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { startOrigin, startRawOrigin } from '../support/origin.ts'
import { startProxy } from '../support/proxy.ts'
import { ending, openTunnel, readAll, readExactly, secure } from '../support/wire.ts'

/** A tunnel whose client has been silent until its origin was reached; `atOrigin` is what was. */
async function silentTunnel(does: (atOrigin: Socket) => unknown = () => undefined) {
  const origin = await startRawOrigin((socket) => void does(socket.on('error', () => undefined)), { tls: false })
  const proxy = await startProxy()
  const reached = once(origin.server, 'connection') as Promise<[Socket]>
  const tunnel = await openTunnel(proxy.port, `localhost:${origin.port}`)
  const [atOrigin] = await reached
  // The proxy, in this same process, learns of its connection in the next turn.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
  return { proxy, tunnel, atOrigin }
}

const echoes = (atOrigin: Socket) => atOrigin.pipe(atOrigin)

describe('a client that was only slow', () => {
  test.each([
    ['TLS', true],
    ['clear-text HTTP', false],
  ])('%s is decoded, and the connection that waited for a greeting goes', async (_name, tls) => {
    const origin = await startOrigin((_request, response) => response.end('decoded'), { tls })
    const proxy = await startProxy()
    const waiting = once(origin.server, 'connection') as Promise<[Socket]>
    const tunnel = await openTunnel(proxy.port, `localhost:${origin.port}`)
    const gone = once((await waiting)[0], 'close')
    const client = tls ? await secure(tunnel, { servername: 'localhost', ca: proxy.ca.certificate }) : tunnel
    client.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    expect((await readAll(client)).toString()).toMatch(/^HTTP\/1\.1 200 [\s\S]*decoded$/)
    client.end()
    await gone
    await proxy.recorder.next('closed')
    expect(proxy.recorder.of('opened').map(({ json }) => json.protocol)).toEqual(['http1'])
    expect(proxy.recorder.bytes('fromOrigin').toString()).toContain('decoded')
  })

  test('what is neither passes blind, every byte of it', async () => {
    const { proxy, tunnel } = await silentTunnel(echoes)
    tunnel.end('SSH-2.0-OpenSSH_9.2\r\n')
    expect((await readAll(tunnel)).toString()).toBe('SSH-2.0-OpenSSH_9.2\r\n')
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ sent: 21, received: 21 })
  })

  test('what might become HTTP and does not go on passes blind, too', async () => {
    const { tunnel } = await silentTunnel(echoes)
    tunnel.write('HELP')
    expect((await readExactly(tunnel, 4)).toString()).toBe('HELP')
  })
})

describe('a client that waits for the server', () => {
  test('the greeting passes, and the rest', async () => {
    const { proxy, tunnel, atOrigin } = await silentTunnel()
    atOrigin.write('220 mail.example ESMTP\r\n')
    expect((await readExactly(tunnel, 24)).toString()).toBe('220 mail.example ESMTP\r\n')
    // Whatever it looks like now.
    tunnel.end('GET / HTTP/1.1\r\n\r\n')
    expect((await readAll(atOrigin)).toString()).toBe('GET / HTTP/1.1\r\n\r\n')
    atOrigin.end()
    expect((await readAll(tunnel)).toString()).toBe('')
    expect((await proxy.recorder.next('opened')).json).toMatchObject({ protocol: 'opaque', opaque: 'undecoded', origin: {} })
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ sent: 18, received: 24, reset: false })
  })

  test.each([
    ['end', (socket: Socket) => socket.end()],
    ['reset', (socket: Socket) => socket.resetAndDestroy()],
  ] as const)('an %s instead of a greeting passes', async (how, act) => {
    const { proxy, tunnel, atOrigin } = await silentTunnel()
    const ended = ending(tunnel)
    act(atOrigin)
    expect(await ended).toBe(how)
    tunnel.end()
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'origin', reset: how === 'reset' })
  })

  test('one that ends first is heard at the origin, and the tunnel is on record', async () => {
    const { proxy, tunnel, atOrigin } = await silentTunnel()
    tunnel.end()
    expect((await readAll(atOrigin)).toString()).toBe('')
    atOrigin.end('goodbye')
    expect((await readAll(tunnel)).toString()).toBe('goodbye')
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'client', reset: false, received: 7 })
  })

  test('one that leaves takes the connection with it, and is on record', async () => {
    const { proxy, tunnel, atOrigin } = await silentTunnel()
    const gone = ending(atOrigin)
    tunnel.resetAndDestroy()
    await gone
    expect((await proxy.recorder.next('opened')).json).toMatchObject({ protocol: 'opaque', opaque: 'undecoded' })
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'client', failure: { reason: 'clientAborted' } })
  })

  test('an origin that cannot be reached ends it by a reset, with the reason on record', async () => {
    const proxy = await startProxy()
    expect(await ending(await openTunnel(proxy.port, 'localhost:1'))).toBe('reset')
    expect((await proxy.recorder.next('closed')).json).toMatchObject({ by: 'weir', failure: { reason: 'connectionRefused' } })
  })
})

test('a tunnel to weir itself that stays silent is let go', async () => {
  const proxy = await startProxy({ limits: { handshakeMs: 300 } })
  expect(await ending(await openTunnel(proxy.port, 'weir:443'))).toMatch(/end|reset/)
  expect(proxy.recorder.records).toEqual([])
})
