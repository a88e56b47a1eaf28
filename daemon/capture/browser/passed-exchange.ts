/** An exchange of the proxy that a browser may have asked for. */
import type { FailureReason } from '../../../sdk/model.ts'
import type { ConnectionRecord } from '../../store/records.ts'
import type { LiveExchange } from '../live-exchange.ts'
import type { SeenRequest } from './seen-request.ts'
import type { Wire } from './sightings.ts'

export class PassedExchange implements Wire {
  readonly key: string
  readonly exchange: LiveExchange
  readonly at: number
  readonly port: number
  readonly connection: number
  heardAt: number
  answeredAt = 0
  order = 0
  endedAt = 0
  isCut = false
  /** Requests with an exchange of their own that may be this one. */
  linked: SeenRequest[] = []

  constructor(key: string, exchange: LiveExchange, connection: number, heardAt: number) {
    this.key = key
    this.exchange = exchange
    this.at = exchange.startedAt
    this.port = exchange.connection.client?.port ?? 0
    this.connection = connection
    this.heardAt = heardAt
  }

  get status(): number {
    return this.exchange.status
  }
}

/** Numbers for the connections of clients. */
export class ConnectionNumbers {
  readonly #numbers = new WeakMap<ConnectionRecord, number>()
  #last = 0

  of(connection: ConnectionRecord): number {
    let number = this.#numbers.get(connection)
    if (number === undefined) {
      number = ++this.#last
      this.#numbers.set(connection, number)
    }
    return number
  }
}

/** After these weir has told the client nothing; after all others it may have answered itself, which a browser takes for a response. */
const silent = new Set<FailureReason>([
  'clientAborted',
  'upstreamReset',
  'upstreamClosed',
  'sessionStopped',
  'daemonStopped',
  'daemonKilled',
  'proxyCrashed',
  'recorderCrashed',
  'notRecorded',
])

export const mayHaveAnswered = ({ error, status }: LiveExchange): boolean => status === 0 && error !== null && !silent.has(error.reason)
