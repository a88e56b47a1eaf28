/** TLS whose other end is the proxy itself: a browser that finds out whether it trusts the CA, or an `https://` proxy. */
import type { Arrival } from './arrival.ts'
import { shakeHands } from './client-handshake.ts'
import type { Services } from './services.ts'

/**
 * What the TLS protects, as a connection of its own that is never recorded; null when the client did not go along.
 * @param name for the certificate @param protocols the client's ALPN list
 */
export async function unwrap(services: Services, arrival: Arrival, name: string, protocols: string[] | undefined): Promise<Arrival | null> {
  try {
    const stream = await shakeHands(services, arrival, name, protocols?.includes('http/1.1') ? 'http/1.1' : null)
    return arrival.another(stream, arrival.transport, services.queue.connection(arrival.copy.session))
  } catch {
    arrival.stream.destroy()
    return null
  }
}
