/**
 * A listener in reverse mode behaves as its one origin, for programs that cannot use a proxy. They name the listener where the origin's name
 * belongs, so Host (`:authority`) becomes the origin's: nothing else changes, and what is on record is what the origin was asked.
 */
import type { ConnectionOpened } from '../capture/wire-copy.ts'
import type { Arrival } from './arrival.ts'
import { clientFailure, rejection, shakeHands, turnedAway, unshaken } from './client-handshake.ts'
import type { Hello } from './client-hello.ts'
import { formatAuthority } from './destination.ts'
import { forwardReverse } from './forwarder.ts'
import { joinHttp2 } from './http2-forwarder.ts'
import { connectFailure } from './origin-failure.ts'
import { namedAs } from './request-target.ts'
import type { ReverseOrigin } from './reverse-origin.ts'
import type { Services } from './services.ts'
import { answerable, explainOver } from './tap-refusal.ts'
import type { Origin } from './upstream.ts'

/** What can be passed on when the client's TLS ends here. */
const passable = ['h2', 'http/1.1', 'http/1.0']

/** TLS to a reverse listener: the origin first, as in the tap, so that the client gets the protocol that it chose. */
export async function reverseTls(services: Services, arrival: Arrival, reverse: ReverseOrigin, hello: Hello): Promise<void> {
  const { destination, scheme } = reverse
  const { copy, startedAt } = arrival
  const { policy, reach } = arrival.listener
  const name = hello.serverName ?? arrival.local().address
  const known = { session: copy.session, client: arrival.client, scheme, authority: formatAuthority(destination), startedAt }
  const opened: ConnectionOpened = { ...known, protocol: 'http1' }
  arrival.settled()
  arrival.reaching(opened, 'leaving')
  let origin: Origin
  try {
    const protocols = hello.protocols?.filter((protocol) => passable.includes(protocol))
    origin = await services.upstream.reach(destination, { scheme, reach, name: destination.host, protocols, policy })
  } catch (error) {
    const { failure } = connectFailure(error as Error, known.authority)
    return explainOver(services, arrival, { ...known, hello, name, failure, recordedHead: (head) => namedAs(head, reverse.authority) })
  }
  const protocol = scheme === 'https' ? origin.protocol : (answerable(hello.protocols) ?? null)
  try {
    const client = await shakeHands(services, arrival, name, protocol)
    const joinedAt = performance.now()
    if (protocol === 'h2') {
      joinHttp2(arrival, { stream: client, transport: arrival.transport }, origin, reverse, ({ by, reset }) => {
        copy.close({ by, reset, ...(by === 'client' && turnedAway(copy, joinedAt) && { failure: rejection(null) }) })
      })
      return
    }
    copy.open(opened)
    client.once('close', () => {
      if (turnedAway(copy, joinedAt)) copy.close({ by: 'client', reset: false, failure: rejection(null) })
    })
    forwardReverse(services, arrival.within(client), reverse, origin)
  } catch (error) {
    origin.socket.destroy()
    unshaken(arrival, opened, clientFailure(error as Error))
  }
}
