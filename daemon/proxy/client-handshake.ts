/** The client's TLS handshake, with weir as the server it asked for. */
import { TLSSocket } from 'node:tls'
import type { Failure } from '../../sdk/model.ts'
import type { Arrival } from './arrival.ts'
import type { Services } from './services.ts'
import { highWaterMark } from './two-way.ts'

export const rejectionHint =
  "the client does not trust weir's CA: let it trust the certificate that `weir ca` names, or name this host under bypass"

const endedInHandshake = 'endedInHandshake'

/** As the server that the client asked for. Rejects when the client does not go along. */
export async function shakeHands(services: Services, arrival: Arrival, name: string, protocol: string | null): Promise<TLSSocket> {
  const secureContext = await services.leaves.contextFor(name)
  const { stream } = arrival
  // The protocol sniffer turns it off.
  if ('allowHalfOpen' in stream) stream.allowHalfOpen = true
  if (stream.destroyed) throw Object.assign(new Error('the client is gone'), { code: 'ECONNRESET' })
  arrival.expectWithin(services.limits.handshakeMs)
  const options = { isServer: true, secureContext, highWaterMark, ...(protocol === null ? {} : { ALPNProtocols: [protocol] }) }
  const client = new TLSSocket(stream as never, options)
  return new Promise((resolve, reject) => {
    // Stays: nothing of this connection may end in an unheard error.
    client.on('error', reject)
    // Of a socket without a tls.Server, Node emits what happens on the TCP connection only as this.
    client.on('_tlsError', (error: Error) => client.destroy(error))
    // Node's own TLS client goes like this when it does not trust the certificate.
    client.once('end', () => reject(Object.assign(new Error('ended'), { code: endedInHandshake })))
    client.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
    client.once('secure', () => {
      arrival.settled()
      resolve(client)
    })
  })
}

/** OpenSSL's names of the alerts that clients send about a certificate (RFC 8446 section 6.2). */
const certificateAlert =
  /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE|CERTIFICATE_EXPIRED|CERTIFICATE_REVOKED|ACCESS_DENIED)/

export function clientFailure(error: Error & { code?: string }): Failure {
  const code = error.code ?? ''
  if (certificateAlert.test(code) || code === endedInHandshake) return { reason: 'clientRejectedCa', message: rejectionHint }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return { reason: 'clientAborted', message: `the client left during the TLS handshake; perhaps ${rejectionHint}` }
  }
  return { reason: 'tlsHandshakeFailed', message: `the TLS handshake with the client failed (${code || error.message})` }
}
