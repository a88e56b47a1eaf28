/** Refuses destinations: weir's own ports always, private ones for listeners beyond loopback. */
import { BlockList, type Socket } from 'node:net'
import { OriginFailure } from './origin-failure.ts'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Not routed on the Internet: RFC 1918, 3927, 4193, 4291, 6598 and the unspecified addresses. */
const notPublic = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  notPublic.addSubnet(network, prefix, 'ipv4')
}
for (const [network, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  notPublic.addSubnet(network, prefix, 'ipv6')
}

const familyOf = (address: string) => (address.includes(':') ? 'ipv6' : 'ipv4')
export const isLoopback = (address: string): boolean => loopback.check(address, familyOf(address))

export class LoopGuard {
  #ports = new Map<number, number>()

  /** Listener ports of this daemon; each `add` needs a `remove`. */
  add(port: number): void {
    this.#ports.set(port, (this.#ports.get(port) ?? 0) + 1)
  }

  remove(port: number): void {
    const count = this.#ports.get(port) ?? 0
    if (count > 1) this.#ports.set(port, count - 1)
    else this.#ports.delete(port)
  }

  owns(port: number): boolean {
    return this.#ports.has(port)
  }

  /** What a connection to be made may not reach, checked by the name's addresses before it connects. */
  blockList(reach: 'anywhere' | 'public'): BlockList | undefined {
    return reach === 'public' ? notPublic : undefined
  }

  /** Of a connection just made: its true address decides, whatever name led there. */
  refusal(socket: Socket, where: string, reach: 'anywhere' | 'public'): OriginFailure | null {
    const { remoteAddress: remote = '', remotePort = 0, localAddress } = socket
    if (this.owns(remotePort) && (isLoopback(remote) || remote === localAddress)) {
      return new OriginFailure(
        'loopRefused',
        `${where}: this is weir itself; a proxy does not connect to its own ports; its page is http://weir/`,
      )
    }
    if (reach === 'public' && (remote === '' || notPublic.check(remote, familyOf(remote)))) {
      return new OriginFailure('destinationRefused', `${where}: private and local destinations are refused on a listener beyond loopback`)
    }
    return null
  }
}
