/** The daemon's socket: a connection for each client, notifications for all of them. */
import { createServer, type Server, type Socket } from 'node:net'
import type { Notification, NotificationParams } from '../../sdk/protocol.ts'
import { Connection } from './connection.ts'
import type { Dispatcher } from './dispatcher.ts'

/** Clients at once; more are turned away by the kernel's answer to a full house: the socket closes. */
const mostClients = 256

export class RpcServer {
  /** Not listening yet: who becomes the daemon of the home lets it listen. */
  readonly server: Server
  readonly #dispatcher: Dispatcher
  readonly #connections = new Set<Connection>()

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.#welcome(socket))
    this.server.maxConnections = mostClients
  }

  notify<N extends Notification>(notification: N, params: NotificationParams<N>): void {
    for (const connection of this.#connections) connection.notify(notification, params)
  }

  /** Ends all connections once their calls are answered, at most so long from now, and the listening: the home is free then. */
  async close(withinMs: number): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.end(withinMs)))
    await new Promise<void>((resolve) => this.server.close(() => resolve()))
  }

  #welcome(socket: Socket): void {
    const connection = new Connection(socket, this.#dispatcher)
    this.#connections.add(connection)
    void connection.closed.then(() => this.#connections.delete(connection))
  }
}
