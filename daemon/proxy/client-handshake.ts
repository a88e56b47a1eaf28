/** The client's TLS handshake, with weir as the server it asked for. */
import { TLSSocket } from 'node:tls'
import type { Failure } from '../../sdk/model.ts'
import type { ConnectionOpened } from '../capture/wire-copy.ts'
import type { Arrival } from './arrival.ts'
import type { ConnectionCopy } from './connection-copy.ts'
import { outsideOpenSsl } from './outside-openssl.ts'
import { reset } from './reset.ts'
import type { Services } from './services.ts'
import { alertOf, isCertificateRejection } from './tls-alert.ts'
import { highWaterMark } from './two-way.ts'

const remedy = 'let it trust the certificate that `weir ca` names, or name this host under bypass'

/** @param alert its name; null: it closed without a word */
export const rejection = (alert: string | null): Failure => ({
  reason: 'clientRejectedCa',
  message: `the client does not trust weir's CA (${alert === null ? 'it closed without a word' : `TLS alert ${alert}`}): ${remedy}`,
})

/** A client that turned away this soon after the handshake, without a byte, did so because of the certificate, ms. */
const rejectionMs = 250

/** Of a client that went first. @param shakenAt by performance.now() */
export const turnedAway = (copy: ConnectionCopy, shakenAt: number): boolean => copy.sent === 0 && performance.now() - shakenAt < rejectionMs

/** Puts on record why the handshake failed, and ends the connection. */
export function unshaken(arrival: Arrival, opened: ConnectionOpened, failure: Failure): void {
  reset(arrival)
  arrival.settled()
  arrival.copy.open(opened)
  arrival.copy.close({ by: 'client', reset: false, failure })
}

const endedInHandshake = 'endedInHandshake'

/** As the server that the client asked for. Rejects when the client does not go along. */
export async function shakeHands(services: Services, arrival: Arrival, name: string, protocol: string | null): Promise<TLSSocket> {
  const { leaves } = services
  const secureContext = await (arrival.tag === null ? leaves.contextFor(name) : leaves.taggedContextFor(name, arrival.tag))
  const { stream } = arrival
  arrival.reached()
  // The protocol sniffer turns it off.
  if ('allowHalfOpen' in stream) stream.allowHalfOpen = true
  if (stream.destroyed) throw Object.assign(new Error('the client is gone'), { code: 'ECONNRESET' })
  arrival.expectWithin(services.limits.handshakeMs)
  const options = { isServer: true, secureContext, highWaterMark, ...(protocol === null ? {} : { ALPNProtocols: [protocol] }) }
  const client = new TLSSocket(stream as never, options)
  arrival.listener.policy.keyLog?.follow(client)
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
      outsideOpenSsl(() => resolve(client))
    })
  })
}

export function clientFailure(error: Error & { code?: string }): Failure {
  const code = error.code ?? ''
  const alert = alertOf(error)
  if (code === endedInHandshake || isCertificateRejection(alert)) return rejection(alert)
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return { reason: 'clientAborted', message: `the client left during the TLS handshake; perhaps it does not trust weir's CA: ${remedy}` }
  }
  return { reason: 'tlsHandshakeFailed', message: `the TLS handshake with the client failed (${code || error.message})` }
}
