/** Tells a client that speaks HTTP/2 alone why its origin cannot be reached: each request gets the reason as its answer. */
import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { Failure } from '../../sdk/model.ts'
import type { ConnectionOpened } from '../capture/wire-copy.ts'
import type { Arrival } from './arrival.ts'
import { failureStatus, failureText } from './own-pages.ts'

/** How long its session lasts after the first answer, ms. */
const farewellMs = 1000
/** How long the client may take to send its request, ms: it has no reason to wait. */
const requestMs = 60_000

/** @param client its bytes, TLS undone. On record is the connection as one that is not decoded: what it asks is not copied. */
export async function refuseHttp2(arrival: Arrival, client: Duplex, opened: ConnectionOpened, failure: Failure): Promise<void> {
  const { copy } = arrival
  copy.open({ ...opened, protocol: 'opaque', opaque: 'undecoded' })
  arrival.expectWithin(requestMs)
  client.once('close', () => {
    arrival.settled()
    copy.close({ by: 'client', reset: false, failure })
  })
  const { performServerHandshake } = await import('node:http2')
  const session = performServerHandshake(client as Socket)
  // The session waits for it, and a TLSSocket without a tls.Server never says so itself.
  if (client instanceof TLSSocket) client.emit('secureConnect')
  session.on('error', () => session.destroy())
  session.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => stream.destroy())
    stream.respond({
      ':status': failureStatus(failure),
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'weir-failure': failure.reason,
    })
    stream.end(failureText(failure))
  })
  session.once('stream', () => {
    copy.close({ by: 'weir', reset: false, failure })
    setTimeout(() => session.destroy(), farewellMs).unref()
    session.close()
  })
}
