/** From a method's name and raw params to its handler; whatever goes wrong leaves as a WeirError. */
import { codes, invalidParams, unavailable, WeirError } from '../../sdk/errors.ts'
import { type Method, requests } from '../../sdk/protocol.ts'
import type { Validator } from '../../sdk/validation.ts'
import type { Log } from '../log.ts'
import type { Call, Handler, Handlers } from './call.ts'
import { refuseForbidden } from './rights.ts'

/** Lists of what is wrong end here. */
const mostErrors = 20

export class Dispatcher {
  readonly #handlers: Handlers
  readonly #validator: Validator
  readonly #log: Log
  #stopping = false

  constructor(handlers: Handlers, validator: Validator, log: Log) {
    this.#handlers = handlers
    this.#validator = validator
    this.#log = log
  }

  /** From now on only daemon/status and daemon/stop are answered; the rest is refused with 1005 daemonStopping. */
  stop(): void {
    this.#stopping = true
  }

  /** @param isInitialized whether the client has called `initialize`. */
  async call(method: string, params: unknown, call: Call, isInitialized: () => boolean): Promise<unknown> {
    try {
      if (!isMethod(method))
        throw new WeirError(
          codes.methodNotFound,
          'methodNotFound',
          `there is no method ${JSON.stringify(method.slice(0, 100))} in this version`,
        )
      if (method !== 'initialize' && !isInitialized()) {
        throw new WeirError(codes.notInitialized, 'notInitialized', 'the first call of a connection is initialize')
      }
      if (this.#stopping && method !== 'initialize' && !method.startsWith('daemon/')) {
        throw unavailable('daemonStopping', 'the daemon is stopping; start it again and repeat the call')
      }
      refuseForbidden(call.client.grant, method, params)
      return await (this.#handlers[method] as Handler<Method>)(this.#check(method, params) as never, call)
    } catch (error) {
      throw this.#explain(method, error, call.signal)
    }
  }

  #check(method: Method, params: unknown): object {
    const given = params ?? {}
    const errors = this.#validator.check(requests[method].params, given)
    if (errors.length > 0) {
      const [first] = errors
      throw invalidParams('invalidParams', `${method}: ${first?.path || 'params'} ${first?.message}`, errors.slice(0, mostErrors))
    }
    return given as object
  }

  #explain(method: string, error: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return new WeirError(codes.cancelled, 'cancelled', 'cancelled by the client')
    if (!(error instanceof WeirError)) this.#log.fault('a call failed inside', error, { method })
    return error
  }
}

const isMethod = (name: string): name is Method => Object.hasOwn(requests, name)
