import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { outsideOpenSsl } from '../../daemon/proxy/outside-openssl.ts'
import { reset, type Side } from '../../daemon/proxy/reset.ts'
import { testCa } from '../support/certificates.ts'
import { connectTo, ending, secure } from '../support/wire.ts'

/** A connection and what its other side sees of it. */
async function connection(tls: boolean): Promise<{ side: Side; other: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const socket = await connectTo((server.address() as AddressInfo).port)
  const [transport] = (await accepted) as [Socket]
  transport.on('error', () => undefined)
  if (!tls) return { side: { stream: transport, transport }, other: socket }
  const ca = await testCa()
  const stream = new TLSSocket(transport, { isServer: true, ...(await ca.issue(['localhost'])) })
  stream.on('error', () => undefined)
  const shaken = new Promise<void>((resolve) => stream.once('secure', () => outsideOpenSsl(resolve)))
  const other = await secure(socket, { servername: 'localhost', ca: ca.certificate })
  await shaken
  return { side: { stream, transport }, other }
}

describe.each([
  ['TCP', false],
  ['TLS', true],
])('a reset over %s', (_, tls) => {
  it('is seen as one', async () => {
    const { side, other } = await connection(tls)
    const closed = once(side.stream, 'close')
    reset(side)
    expect(await ending(other)).toBe('reset')
    await closed
  })

  it('closes what has only just been ended, too', async () => {
    const { side, other } = await connection(tls)
    const closed = [once(side.stream, 'close'), once(side.transport, 'close')]
    side.stream.end()
    reset(side)
    await Promise.all(closed)
    await ending(other)
  })
})
