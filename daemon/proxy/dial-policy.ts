/** Where a session connects to: addresses instead of names that would be looked up, and of which family. */
import { isIPv6 } from 'node:net'
import { invalidParams } from '../../sdk/errors.ts'
import type { DialSettings } from '../../sdk/session-settings.ts'
import { type Destination, formatAuthority, parseAuthority } from './destination.ts'

export class DialPolicy {
  /** Of names; null: both. */
  readonly family: 4 | 6 | null
  /** `host` or `host:port`, lower case -> the target; its port 0 is that of the destination. */
  #targets = new Map<string, Destination>()

  /** -32602 invalidHostOverride. */
  constructor({ family, hosts = {} }: DialSettings) {
    this.family = family ?? null
    for (const [name, target] of Object.entries(hosts)) this.#targets.set(keyOf(name), targetOf(name, target))
  }

  /** Where to connect instead; null: as asked. A name with its port goes before the name alone. */
  override(destination: Destination): Destination | null {
    if (this.#targets.size === 0) return null
    const host = destination.host.toLowerCase()
    const found = this.#targets.get(formatAuthority({ host, port: destination.port })) ?? this.#targets.get(host)
    return found ? { host: found.host, port: found.port || destination.port } : null
  }
}

/** An authority without a port (then port 0); a bare IPv6 address is one, too. */
const lenient = (text: string): Destination | null => {
  if (isIPv6(text)) return { host: text, port: 0 }
  const withPort = parseAuthority(text, null)
  if (withPort) return withPort
  // Parsed for its syntax: the port stands for none.
  const alone = /:\d*$/.test(text) && !text.endsWith(']') ? null : parseAuthority(text, 1)
  return alone && { host: alone.host, port: 0 }
}

function keyOf(name: string): string {
  const { host, port } = lenient(name.toLowerCase()) ?? refuse(name, `${JSON.stringify(name)} is no host and no host:port`)
  return port === 0 ? host : formatAuthority({ host, port })
}

function targetOf(name: string, target: string): Destination {
  return lenient(target) ?? refuse(name, `${JSON.stringify(target)} is no address and no address:port`)
}

function refuse(name: string, message: string): never {
  const path = `/dial/hosts/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
  throw invalidParams('invalidHostOverride', `dial.hosts: ${message}`, [{ path, message }])
}
