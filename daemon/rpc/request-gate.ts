/**
 * Between a client's messages and their handling: at most 64 requests in flight, each with an id of its own, and few of
 * those whose answers are large, so that a client that asks and does not read cannot fill the memory.
 */
import { codes, limitExceeded, WeirError } from '../../sdk/errors.ts'
import { limits } from '../../sdk/limits.ts'
import type { IncomingMessage, RequestId } from './message.ts'

/** Answers of up to some megabytes; more of them at once wait. */
const large = new Set(['exchange/list', 'exchange/readBody', 'exchange/search', 'query/sql', 'exporter/run'])
const largeAtOnce = 2

export class RequestGate {
  readonly #deliver: (message: IncomingMessage) => void
  readonly #refuse: (id: RequestId, error: WeirError) => void
  /** In flight until its answer has been written: id -> whether its answer may be large. */
  readonly #inFlight = new Map<RequestId, boolean>()
  #largeRunning = 0
  #waiting: IncomingMessage[] = []

  constructor(deliver: (message: IncomingMessage) => void, refuse: (id: RequestId, error: WeirError) => void) {
    this.#deliver = deliver
    this.#refuse = refuse
  }

  get isBusy(): boolean {
    return this.#inFlight.size > 0
  }

  take(message: IncomingMessage): void {
    if (message.id !== undefined) this.#takeRequest(message, message.id)
    else if (message.method === '$/cancelRequest') this.#takeCancellation(message)
  }

  /** The answer to this request has left. */
  answered(id: RequestId): void {
    const isLarge = this.#inFlight.get(id)
    this.#inFlight.delete(id)
    if (!isLarge) return
    this.#largeRunning--
    const next = this.#waiting.shift()
    if (next) this.#deliverLarge(next)
  }

  #takeRequest(message: IncomingMessage, id: RequestId): void {
    const refusal = this.#refusal(id)
    const isLarge = large.has(message.method) && !follows(message)
    if (!refusal) this.#inFlight.set(id, isLarge)
    if (refusal) this.#refuse(id, refusal)
    else if (!isLarge) this.#deliver(message)
    else if (this.#largeRunning < largeAtOnce) this.#deliverLarge(message)
    else this.#waiting.push(message)
  }

  #refusal(id: RequestId): WeirError | null {
    if (this.#inFlight.has(id)) return new WeirError(codes.invalidRequest, 'idInUse', 'a request with this id is in flight')
    if (this.#inFlight.size < limits.inFlight) return null
    return limitExceeded('tooManyInFlight', `at most ${limits.inFlight} requests may be in flight; wait for answers`)
  }

  #deliverLarge(message: IncomingMessage): void {
    this.#largeRunning++
    this.#deliver(message)
  }

  #takeCancellation(message: IncomingMessage): void {
    const { id } = (message.params ?? {}) as { id?: RequestId }
    if (id === undefined || !this.#inFlight.has(id)) return
    const position = this.#waiting.findIndex((waiting) => waiting.id === id)
    if (position < 0) {
      this.#deliver(message)
    } else {
      this.#waiting.splice(position, 1)
      this.#inFlight.delete(id)
      this.#refuse(id, new WeirError(codes.cancelled, 'cancelled', 'cancelled by the client'))
    }
  }
}

/** An export that follows a session lasts as long as that, and its answer is small. */
const follows = ({ params }: IncomingMessage): boolean => (params as { follow?: unknown } | undefined)?.follow === true
