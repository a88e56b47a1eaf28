/** The inside of a tunnel whose destination is known: TLS to the tap, HTTP/1 to the forwarder, anything else blind. */
import type { Arrival } from './arrival.ts'
import { readClientHello } from './client-hello.ts'
import type { Destination } from './destination.ts'
import { innerProtocolOf } from './first-bytes.ts'
import { forwardTunnel } from './forwarder.ts'
import { relay } from './relay.ts'
import { type Services, undertake } from './services.ts'
import { tap } from './tap.ts'

/** A client that is silent this long waits for the server to speak first, ms. */
const silenceMs = 1000

/** Nothing of the inside has been read; whoever opened the tunnel has been answered. */
export function enterTunnel(services: Services, arrival: Arrival, destination: Destination): void {
  const { stream } = arrival
  let seen: Buffer = Buffer.alloc(0)
  let silence: NodeJS.Timeout | null = setTimeout(() => blind(), silenceMs)
  const spoke = () => {
    if (silence) clearTimeout(silence)
    silence = null
  }
  const leave = () => {
    spoke()
    stream.off('data', read)
    stream.off('end', give)
    stream.off('close', spoke)
    stream.pause()
    if (seen.length > 0) stream.unshift(seen)
  }
  const blind = () => {
    leave()
    undertake(services, arrival, relay(services, arrival, destination, { why: 'undecoded', answer: null }))
  }
  const hello = () => {
    if (silence) arrival.expectWithin(services.limits.handshakeMs)
    spoke()
    const found = readClientHello(seen)
    if (found === null) return
    if (found === undefined) return blind()
    leave()
    const { serverName, protocols } = found
    undertake(services, arrival, tap(services, arrival, destination, { serverName, protocols, ...services.fingerprints.of(found) }))
  }
  const read = (chunk: Buffer) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const protocol = innerProtocolOf(seen)
    if (protocol === 'tls') hello()
    else if (protocol === 'unknown') blind()
    else if (protocol === 'http') {
      leave()
      forwardTunnel(services, arrival, destination)
    }
  }
  // Half-closed before it said what it wants.
  const give = () => void stream.destroy()
  arrival.settled()
  stream.on('data', read)
  stream.on('end', give)
  stream.on('close', spoke)
  stream.resume()
}
