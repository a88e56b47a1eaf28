/**
 * What is known of which connection of a browser is which of the session's clients: told by the browser (a port), or concluded from requests that can be only one
 * (the numbers of wires' connections, each of which belongs to one of the browser's).
 */
import type { Wire } from './sightings.ts'

/** Connections of which something is remembered, the newest. */
const remembered = 10_000
/** More possibilities than that are none of interest. */
const fewConnections = 64

export class BrowserConnections {
  readonly #ports = new Map<string, number>()
  readonly #told = new Map<string, number>()
  readonly #possible = new Map<string, ReadonlySet<number>>()
  readonly #owners = new Map<number, { name: string; source: string }>()

  told(source: string, connection: number, port: number): void {
    put(this.#ports, nameOf(source, connection), port)
    put(this.#told, nameOf(source, port), port)
  }

  /** Whether a response that came over this connection of the browser may be that of the wire. null: the browser does not say over which. */
  allows(source: string, connection: number | null, wire: Wire): boolean {
    const owner = this.#owners.get(wire.connection)
    if (connection === null) return owner === undefined || owner.source === source
    const name = nameOf(source, connection)
    const port = this.#ports.get(name)
    if (port !== undefined) return wire.port === port
    if (owner !== undefined) return owner.name === name
    return this.#possible.get(name)?.has(wire.connection) ?? true
  }

  /** All wires that it may be lie on one of its own. */
  isKnown(source: string, connection: number): boolean {
    const name = nameOf(source, connection)
    return this.#ports.has(name) || this.#possible.get(name)?.size === 1
  }

  /** The wire came over a connection of this source's browser. */
  belongs(source: string, wire: Wire): boolean {
    return this.#told.has(nameOf(source, wire.port)) || this.#owners.get(wire.connection)?.source === source
  }

  /** It is one of these, for a request of it is on one of them. @returns true: more is known now */
  narrow(source: string, connection: number, wires: readonly Wire[]): boolean {
    const name = nameOf(source, connection)
    if (this.#ports.has(name)) return false
    const before = this.#possible.get(name)
    if (before?.size === 1) return false
    const among = new Set<number>()
    for (const wire of wires) if (before === undefined || before.has(wire.connection)) among.add(wire.connection)
    if (among.size === 0 || among.size > fewConnections || among.size === before?.size) return false
    put(this.#possible, name, among)
    const [only] = among
    if (among.size === 1) put(this.#owners, only as number, { name, source })
    return true
  }
}

const nameOf = (source: string, number: number): string => `${source} ${number}`

function put<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= remembered) return
  const [oldest] = map.keys()
  map.delete(oldest as Key)
}
