/** Leaf certificates that tell connections apart, for browsers that tell of their certificates alone. */
import type { TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { startOrigin } from '../support/origin.ts'
import { startProxy, type TestProxy } from '../support/proxy.ts'
import { openTunnel, readHead, secure } from '../support/wire.ts'

const tagDomain = 'word.tag.weir.invalid'

interface Seen {
  port: number
  names: string[]
  resumed: boolean
  session: Buffer
}

/** One request over a connection of its own. @param session of an earlier one, to be resumed */
async function ask(proxy: TestProxy, port: number, session?: Buffer): Promise<Seen> {
  const tunnel = await openTunnel(proxy.port, `localhost:${port}`)
  const socket: TLSSocket = await secure(tunnel, { servername: 'localhost', ca: proxy.ca.certificate, ...(session && { session }) })
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await readHead(socket)
  const { subjectaltname = '' } = socket.getPeerCertificate()
  const seen = {
    port: tunnel.localPort ?? 0,
    names: subjectaltname.split(', '),
    resumed: socket.isSessionReused(),
    session: socket.getSession() as Buffer,
  }
  socket.destroy()
  return seen
}

test('each connection has a name of its own, from when that is asked for until it is no more', async () => {
  const origin = await startOrigin((_, response) => response.end('hello'))
  const proxy = await startProxy()
  expect((await ask(proxy, origin.port)).names).toEqual(['DNS:localhost'])
  await proxy.surface.tagConnections({ session: 1, tagDomain })
  for (const seen of [await ask(proxy, origin.port), await ask(proxy, origin.port)])
    expect(seen.names).toEqual(['DNS:localhost', `DNS:p${seen.port}.${tagDomain}`])
  await proxy.surface.tagConnections({ session: 1, tagDomain: null })
  expect((await ask(proxy, origin.port)).names).toEqual(['DNS:localhost'])
})

test('no TLS session is resumed into the certificate of another connection', async () => {
  const origin = await startOrigin((_, response) => response.end('hello'))
  const proxy = await startProxy()
  const untagged = await ask(proxy, origin.port)
  // Without tags they are: else this would show nothing.
  expect((await ask(proxy, origin.port, untagged.session)).resumed).toBe(true)
  await proxy.surface.tagConnections({ session: 1, tagDomain })
  const first = await ask(proxy, origin.port, untagged.session)
  const second = await ask(proxy, origin.port, first.session)
  expect([first.resumed, second.resumed]).toEqual([false, false])
  expect(second.names).toContain(`DNS:p${second.port}.${tagDomain}`)
})
