/** The daemon's clients: a connection for each, notifications for all of them; and the socket by which its user's come. */
import { createServer, type Server } from 'node:net'
import type { Notification, NotificationParams } from '../../sdk/protocol.ts'
import { Connection } from './connection.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Grant } from './rights.ts'
import { SocketWire } from './socket-wire.ts'
import type { Wire } from './wire.ts'

/** Clients at once; more are turned away by the kernel's answer to a full house: the socket closes. */
const mostClients = 256

export class RpcServer {
  /** Not listening yet: who becomes the daemon of the home lets it listen. */
  readonly server: Server
  readonly #dispatcher: Dispatcher
  readonly #connections = new Set<Connection>()

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.welcome(new SocketWire(socket), null))
    this.server.maxConnections = mostClients
  }

  /** A client has come, by whichever transport. */
  welcome(wire: Wire, grant: Grant | null): void {
    const connection = new Connection(wire, this.#dispatcher, grant)
    this.#connections.add(connection)
    void connection.closed.then(() => this.#connections.delete(connection))
  }

  notify<N extends Notification>(notification: N, params: NotificationParams<N>): void {
    for (const connection of this.#connections) connection.notify(notification, params)
  }

  /** Of a token, now. */
  connectionsOf(tokenId: string): number {
    return [...this.#connections].filter(({ grant }) => grant?.tokenId === tokenId).length
  }

  /** Ends the connections of a token at once. */
  revoke(tokenId: string): void {
    for (const connection of this.#connections) if (connection.grant?.tokenId === tokenId) connection.revoke()
  }

  /**
   * Frees the home, then ends all connections once their calls are answered, at most so long from now: a client that sees its connection end may start
   * the next daemon at once.
   */
  async close(withinMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()))
    await Promise.all([...this.#connections].map((connection) => connection.end(withinMs)))
    await closed
  }
}
