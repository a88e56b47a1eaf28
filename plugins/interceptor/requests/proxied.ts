/** Whether a request may have gone through the session's proxy: then its bytes are there. */
import { isIP } from 'node:net'
import type { Session } from '../../../sdk/model.ts'
import type { Protocol } from '../cdp/protocol.ts'

export interface ProxyUse {
  /** What came over the network came through it. */
  response(response: Protocol.Network.Response): boolean
  /** Of one of which nothing tells which way it went. */
  untold(): Way
}

/** `either`: nobody can tell yet. */
export type Way = 'proxy' | 'past' | 'either'

/**
 * It came over no connection: from an entry that another request had just put into the cache (it does not count as read from there), or the browser made it up
 * (a redirect by HSTS). Of a worker's own script browsers tell neither connection nor times, wherever it came from.
 */
export const cameOverNone = ({ connectionId, timing }: Protocol.Network.Response): boolean => connectionId === 0 && timing !== undefined

/** A browser that was launched with the proxy asks nothing else. */
export const always: ProxyUse = { response: () => true, untold: () => 'proxy' }
export const never: ProxyUse = { response: () => false, untold: () => 'past' }

/** A browser that was attached to may go through it or not: each response tells the address that it came from. */
export class SeenProxyUse implements ProxyUse {
  readonly #proxy: NonNullable<Session['proxy']>
  #way: Way = 'either'

  constructor(proxy: NonNullable<Session['proxy']>) {
    this.#proxy = proxy
  }

  response({ remoteIPAddress, remotePort }: Protocol.Network.Response): boolean {
    const isUsed = remotePort === this.#proxy.port && this.#isItsHost(remoteIPAddress ?? '')
    if (this.#way !== 'proxy') this.#way = isUsed ? 'proxy' : 'past'
    return isUsed
  }

  /** As the responses before. */
  untold(): Way {
    return this.#way
  }

  #isItsHost(told: string): boolean {
    const address = told.replace(/^\[|\]$/g, '')
    const { host } = this.#proxy
    const isAnyHost = host === '0.0.0.0' || host === '::' || isIP(host) === 0
    return isAnyHost || address === host || address === `::ffff:${host}`
  }
}
