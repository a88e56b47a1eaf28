/** Proxies between weir and the origins, from the environment: http_proxy, https_proxy, all_proxy, no_proxy (either case). */
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { proxies } from 'proxy-agent'
import { type Destination, formatAuthority } from './destination.ts'
import { isLoopback, type LoopGuard } from './loop-guard.ts'
import { OriginFailure } from './origin-failure.ts'

type Protocol = keyof typeof proxies
const protocols: readonly string[] = ['http', 'https', 'socks', 'socks4', 'socks4a', 'socks5', 'socks5h'] satisfies Protocol[]

/** What the agents use of a node:http request while they open a tunnel. */
class TunnelRequest extends EventEmitter {
  destroy(): void {
    this.removeAllListeners()
  }
}

interface TunnelAgent {
  connect(request: TunnelRequest, options: { host: string; port: number; secureEndpoint: false }): Promise<Duplex>
}

export class UpstreamProxies {
  #environment: { [name: string]: string }
  #guard: LoopGuard

  constructor(environment: { [name: string]: string }, guard: LoopGuard) {
    this.#environment = environment
    this.#guard = guard
  }

  /** The proxy for a destination; null: connect directly. */
  proxyFor(scheme: 'http' | 'https', { host, port }: Destination): URL | null {
    const value = this.#variable(`${scheme}_proxy`) || this.#variable('all_proxy')
    if (!value || this.#isExcluded(host.toLowerCase(), port)) return null
    const url = URL.parse(value.includes('://') ? value : `http://${value}`)
    if (!url || !protocols.includes(url.protocol.slice(0, -1)) || this.#isWeir(url)) return null
    return url
  }

  /** A raw connection to the destination through the proxy. Rejects with OriginFailure. */
  async connect(proxy: URL, destination: Destination): Promise<Socket> {
    const where = `${formatAuthority(destination)} through the proxy ${proxy.host}`
    const { proxies } = await import('proxy-agent')
    const protocol = proxy.protocol.slice(0, -1) as Protocol
    // The second of each pair tunnels (CONNECT or SOCKS) rather than forwarding requests.
    const Agent = (await proxies[protocol][1]()) as unknown as new (url: string) => TunnelAgent
    const request = new TunnelRequest()
    let status = 200
    request.on('proxyConnect', (answer: { statusCode: number }) => {
      status = answer.statusCode
    })
    const socket = await new Agent(proxy.href).connect(request, { ...destination, secureEndpoint: false })
    if (status !== 200) {
      socket.destroy()
      throw new OriginFailure('connectFailed', `${where}: it answered ${status}`)
    }
    return socket as Socket
  }

  #variable(name: string): string {
    return this.#environment[name] ?? this.#environment[name.toUpperCase()] ?? ''
  }

  /** Variables inherited from a shell that weir itself has set up. */
  #isWeir(url: URL): boolean {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    return this.#guard.owns(Number(url.port)) && (host === 'localhost' || isLoopback(host))
  }

  #isExcluded(host: string, port: number): boolean {
    const rules = this.#variable('no_proxy')
      .toLowerCase()
      .split(/[\s,]+/)
    return rules.some((rule) => {
      if (rule === '*') return true
      const match = /^\*?(\.?)([^*]+?)(?::(\d+))?$/.exec(rule)
      const name = match?.[2]
      if (!name || (match[3] && Number(match[3]) !== port)) return false
      return host === name || host.endsWith(`.${name}`)
    })
  }
}
