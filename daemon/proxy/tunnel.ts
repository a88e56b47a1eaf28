/** The inside of a tunnel whose destination is known: TLS to the tap, clear-text HTTP as it comes, anything else blind. */
import type { Arrival } from './arrival.ts'
import { passHttp1 } from './clear-tunnel.ts'
import { type ClientHello, readClientHello } from './client-hello.ts'
import type { Destination } from './destination.ts'
import { innerProtocolOf } from './first-bytes.ts'
import { answerTunnel } from './forwarder.ts'
import { forwardHttp2 } from './http2-forwarder.ts'
import { isOwnName, ownName } from './own-address.ts'
import { unwrap } from './own-tls.ts'
import { relay } from './relay.ts'
import { type Services, undertake } from './services.ts'
import { outwait } from './silence.ts'
import { tap } from './tap.ts'

/** A client that is silent this long may wait for the server to speak first, ms. */
const silenceMs = 1000

/** Nothing of the inside has been read; whoever opened the tunnel has been answered. */
export function enterTunnel(services: Services, arrival: Arrival, destination: Destination): void {
  const { stream } = arrival
  const isOwn = isOwnName(destination.host)
  let seen: Buffer = Buffer.alloc(0)
  let stopWaiting: (() => void) | null = null
  const silent = () => {
    silence = null
    if (seen.length > 0) return blind()
    stopWaiting = outwait(services, arrival, destination, leave)
  }
  // Nobody but weir itself can answer for its own name.
  let silence: NodeJS.Timeout | null = isOwn ? null : setTimeout(silent, silenceMs)
  const spoke = () => {
    if (silence) clearTimeout(silence)
    silence = null
    stopWaiting?.()
    stopWaiting = null
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
    if (silence || stopWaiting) arrival.expectWithin(services.limits.handshakeMs)
    spoke()
    const found = readClientHello(seen)
    if (found === null) return
    if (found === undefined) return blind()
    leave()
    if (isOwn) return undertake(services, arrival, enterOwn(services, arrival, destination, found))
    undertake(services, arrival, tap(services, arrival, destination, services.fingerprints.describe(found)))
  }
  const read = (chunk: Buffer) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const protocol = innerProtocolOf(seen)
    if (protocol === 'tls') hello()
    else if (protocol === 'unknown') blind()
    else if (protocol === 'http') {
      leave()
      if (isOwn) answerTunnel(services, arrival, destination)
      else undertake(services, arrival, passHttp1(services, arrival, destination))
    } else if (protocol === 'http2') {
      leave()
      undertake(services, arrival, forwardHttp2(services, arrival, { destination, scheme: 'http' }))
    } else if (stopWaiting) {
      spoke()
      silence = setTimeout(silent, silenceMs)
    }
  }
  // Half-closed before it said what it wants: it has more likely left than that it listens.
  const give = () => {
    if (!stopWaiting) stream.destroy()
  }
  if (isOwn) arrival.expectWithin(services.limits.handshakeMs)
  else arrival.settled()
  stream.on('data', read)
  stream.on('end', give)
  stream.on('close', spoke)
  stream.resume()
}

/** `https://weir/`. */
async function enterOwn(services: Services, arrival: Arrival, destination: Destination, hello: ClientHello): Promise<void> {
  const inner = await unwrap(services, arrival, hello.serverName ?? ownName, hello.protocols)
  if (inner) answerTunnel(services, inner, destination)
}
