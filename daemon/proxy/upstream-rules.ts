/** A session's own proxies between weir and the origins. */
import { invalidParams } from '../../sdk/errors.ts'
import type { UpstreamRule } from '../../sdk/session-settings.ts'
import type { Destination } from './destination.ts'
import { HostRules } from './host-patterns.ts'
import { parseProxyUrl, proxyUrlSyntax, type UpstreamProxy } from './upstream-proxy.ts'

export class UpstreamRules {
  #rules: HostRules<UpstreamProxy | null>

  /** -32602 invalidUpstream. The message never repeats the URL: it may hold a password. */
  constructor(rules: readonly UpstreamRule[]) {
    this.#rules = new HostRules(rules.map(({ match, url }, index) => ({ match, value: url === null ? null : proxyOf(url, index) })))
  }

  /** null: connect directly; undefined: no rule, so the environment decides. */
  proxyFor({ host, port }: Destination): UpstreamProxy | null | undefined {
    return this.#rules.first(host, port)
  }
}

function proxyOf(url: string, index: number): UpstreamProxy {
  const proxy = parseProxyUrl(url)
  if (proxy) return proxy
  const path = `/upstream/${index}/url`
  throw invalidParams('invalidUpstream', `upstream: ${path} is no proxy's URL; ${proxyUrlSyntax}`, [{ path, message: proxyUrlSyntax }])
}
