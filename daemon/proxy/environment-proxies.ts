/** Proxies between weir and the origins from the environment: http_proxy, https_proxy, all_proxy, no_proxy (either case). */
import { BlockList, isIP } from 'node:net'
import type { Destination } from './destination.ts'
import { isLoopback, type LoopGuard } from './loop-guard.ts'
import { parseProxyUrl, type UpstreamProxy } from './upstream-proxy.ts'

export class EnvironmentProxies {
  #environment: { [name: string]: string }
  #guard: LoopGuard

  constructor(environment: { [name: string]: string }, guard: LoopGuard) {
    this.#environment = environment
    this.#guard = guard
  }

  /** null: connect directly. */
  proxyFor(scheme: 'http' | 'https', { host, port }: Destination): UpstreamProxy | null {
    const value = this.#variable(`${scheme}_proxy`) || this.#variable('all_proxy')
    if (!value || this.#isExcluded(host.toLowerCase(), port)) return null
    const proxy = parseProxyUrl(value.includes('://') ? value : `http://${value}`)
    return proxy && !this.#isWeir(proxy) ? proxy : null
  }

  #variable(name: string): string {
    return this.#environment[name] ?? this.#environment[name.toUpperCase()] ?? ''
  }

  /** Variables inherited from a shell that weir itself has set up. */
  #isWeir({ host, port }: UpstreamProxy): boolean {
    return this.#guard.owns(port) && (host === 'localhost' || (isIP(host) !== 0 && isLoopback(host)))
  }

  #isExcluded(host: string, port: number): boolean {
    const rules = this.#variable('no_proxy')
      .toLowerCase()
      .split(/[\s,]+/)
    return rules.some((rule) => rule === '*' || isInNetwork(rule, host) || isNamed(rule, host, port))
  }
}

function isNamed(rule: string, host: string, port: number): boolean {
  if (isIP(rule) !== 0) return rule === host
  const match = /^\*?(\.?)\[?([^*[\]]+?)\]?(?::(\d+))?$/.exec(rule)
  const name = match?.[2]
  if (!name || (match[3] && Number(match[3]) !== port)) return false
  return host === name || host.endsWith(`.${name}`)
}

/** `10.0.0.0/8` (CIDR). */
function isInNetwork(rule: string, host: string): boolean {
  const [network = '', prefix = ''] = rule.split('/')
  const family = isIP(network)
  if (!/^\d{1,3}$/.test(prefix) || family === 0 || isIP(host) !== family || Number(prefix) > (family === 4 ? 32 : 128)) return false
  const list = new BlockList()
  const name = family === 4 ? 'ipv4' : 'ipv6'
  list.addSubnet(network, Number(prefix), name)
  return list.check(host, name)
}
