/** Tells a client that speaks HTTP/2 alone why its origin cannot be reached: each request gets the reason as its answer. */
import type { ServerHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Failure } from '../../sdk/model.ts'
import { failureText } from './own-pages.ts'

/** How long its session lasts after the first answer, ms. */
const farewellMs = 1000

export async function refuseHttp2(client: TLSSocket, failure: Failure, answered: () => void): Promise<void> {
  const { performServerHandshake } = await import('node:http2')
  const session = performServerHandshake(client)
  // The session waits for it, and a TLSSocket without a tls.Server never says so itself.
  client.emit('secureConnect')
  session.on('error', () => session.destroy())
  session.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => stream.destroy())
    stream.respond({
      ':status': 502,
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'weir-failure': failure.reason,
    })
    stream.end(failureText(failure))
  })
  session.once('stream', () => {
    answered()
    setTimeout(() => session.destroy(), farewellMs).unref()
    session.close()
  })
}
