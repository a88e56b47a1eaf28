/** All sightings and wires of one method and URL that nobody has settled yet, and what can be concluded about them. */
import { certain } from './assignment.ts'
import type { BrowserConnections } from './browser-connections.ts'
import { inOrder } from './in-order.ts'
import { clockSlackMs, crossingMs, fits, heldUpMs, isChallenge, mayHaveBegun, type Sighting, type Wire } from './sightings.ts'

/** A sighting that is settled, and of which earlier attempts may be in the group. */
export interface Sender<S, W> {
  sighting: S
  /** null: nobody knows which one it is. */
  wire: W | null
}

export interface Conclusion<W> {
  /** It is that one. null: it cannot be said. */
  wire: W | null
  possible: readonly W[]
}

export class MatchGroup<S extends Sighting, W extends Wire> {
  readonly sightings = new Set<S>()
  readonly wires = new Set<W>()
  /** Whose earlier attempts may still be here. */
  readonly senders = new Set<Sender<S, W>>()
  /** Of sightings that are shown with an exchange of their own: the wires that they are linked with. */
  readonly links = new Map<S, W[]>()
  readonly #connections: BrowserConnections

  constructor(connections: BrowserConnections) {
    this.#connections = connections
  }

  get isEmpty(): boolean {
    return this.sightings.size === 0 && this.wires.size === 0 && this.senders.size === 0
  }

  may(sighting: S, wire: W): boolean {
    return fits(sighting, wire) && this.#connections.allows(sighting.source, sighting.connection, wire)
  }

  candidates(sighting: S): W[] {
    const candidates: W[] = []
    for (const wire of this.wires) if (this.may(sighting, wire)) candidates.push(wire)
    return candidates
  }

  /**
   * It was on the wire for certain, and all that passed until it must have been there has been read. @param readUpTo Unix ms
   */
  isSure(sighting: S, readUpTo: number): boolean {
    const { incomplete, answeredAt, endedAt, connection } = sighting
    if (incomplete) return false
    if (answeredAt > 0) {
      if (readUpTo < answeredAt + clockSlackMs) return false
      if (readUpTo < answeredAt + heldUpMs) for (const wire of this.wires) if (this.#mayAnswer(sighting, wire)) return false
      return true
    }
    return endedAt > 0 && connection !== null && readUpTo >= endedAt + crossingMs
  }

  /** It may be, or become so with what is not read yet. */
  mayYet(sighting: S, wire: W, readUpTo: number): boolean {
    return this.may(sighting, wire) || (readUpTo < sighting.answeredAt + heldUpMs && this.#mayAnswer(sighting, wire))
  }

  /** Nobody knows of its answer yet. */
  #mayAnswer(sighting: S, wire: W): boolean {
    const isUnanswered = wire.answeredAt === 0 && wire.endedAt === 0
    return isUnanswered && mayHaveBegun(sighting, wire) && this.#connections.allows(sighting.source, sighting.connection, wire)
  }

  /** What each sighting that is sure can be. Sound whatever is not known yet: other sightings could but leave less to these. */
  conclude(readUpTo: number): Map<S, Conclusion<W>> {
    const sure = [...this.sightings].filter((sighting) => this.isSure(sighting, readUpTo))
    const possible = new Map(sure.map((sighting) => [sighting, this.candidates(sighting)]))
    this.#putInOrder(possible)
    const asked = sure.filter((sighting) => possible.get(sighting)?.length)
    const places = new Map([...this.wires].map((wire, place) => [wire, place]))
    const wires = [...this.wires]
    const found = certain(
      asked.map((sighting) => (possible.get(sighting) as W[]).map((wire) => places.get(wire) as number)),
      wires.length,
    )
    const conclusions = new Map<S, Conclusion<W>>()
    asked.forEach((sighting, index) => {
      const place = found[index] ?? -1
      const wire = wires[place] ?? null
      conclusions.set(sighting, { wire, possible: wire === null ? (possible.get(sighting) as W[]) : [wire] })
    })
    return conclusions
  }

  /** Within each connection that is known, responses are in order. */
  #putInOrder(possible: Map<S, W[]>): void {
    const byConnection = new Map<string, S[]>()
    for (const sighting of possible.keys()) {
      const { source, connection, answeredAt } = sighting
      if (connection === null || answeredAt === 0 || !this.#connections.isKnown(source, connection)) continue
      const name = `${source} ${connection}`
      const others = byConnection.get(name)
      if (others === undefined) byConnection.set(name, [sighting])
      else others.push(sighting)
    }
    for (const sightings of byConnection.values()) {
      const wires = new Set(sightings.flatMap((sighting) => possible.get(sighting) as W[]))
      const ordered = inOrder(sightings, [...wires], (sighting, wire) => fits(sighting, wire))
      if (ordered === null) continue
      const places = new Map(ordered.wires.map((wire, place) => [wire, place]))
      for (const [sighting, [first, last]] of ordered.windows) {
        const within = (wire: W) => (places.get(wire) as number) >= first && (places.get(wire) as number) <= last
        possible.set(sighting, (possible.get(sighting) as W[]).filter(within))
      }
    }
  }

  /**
   * The wire of a request that was given up without an answer, where nobody says that it was sent at all: one on the browser's own connections that was cut in the
   * same second, and can be nobody else's. Others before it, one after the other and all without an answer, are earlier attempts of the same: Chromium sends
   * again what a connection that it used again lost. null: there is none, or nobody can tell.
   */
  cutWith(sighting: S): W | null {
    const { source, answeredAt, endedAt, incomplete } = sighting
    if (answeredAt > 0 || endedAt === 0 || incomplete) return null
    const attempts = this.candidates(sighting).sort((one, other) => one.at - other.at)
    const last = attempts.at(-1)
    if (last === undefined || !last.isCut || Math.abs(last.endedAt - endedAt) > crossingMs) return null
    if (!attempts.every((wire, place) => this.#connections.belongs(source, wire) && isBefore(wire, attempts[place + 1]))) return null
    for (const other of this.sightings) if (other !== sighting && other.at <= last.at + clockSlackMs) return null
    for (const sender of this.senders) if (attempts.some((wire) => maySend(sender, wire))) return null
    return last
  }

  /** The sighting whose earlier attempt this wire was, where it can be no other's; null: none, or nobody can tell. */
  resentBy(wire: W): Sender<S, W> | null {
    for (const sighting of this.sightings) if (!sighting.shown && sighting.at <= wire.at + clockSlackMs) return null
    const senders = [...this.senders].filter((sender) => maySend(sender, wire))
    const [only] = senders
    return senders.length === 1 && only !== undefined && this.#connections.belongs(only.sighting.source, wire) ? only : null
  }

  /** No earlier attempt of it can be here. */
  isFirst(sender: Sender<S, W>): boolean {
    for (const wire of this.wires) if (isVain(wire) && maySend(sender, wire)) return false
    return true
  }
}

/** It ended without an answer, or with the question for credentials: an attempt before another one. */
export const isVain = (wire: Wire): boolean => wire.endedAt > 0 && (wire.answeredAt === 0 || isChallenge(wire))

/** An attempt in vain that was over when the next one began. */
const isBefore = (wire: Wire, next: Wire | undefined): boolean =>
  next === undefined || (isVain(wire) && wire.endedAt <= next.at + clockSlackMs)

const maySend = ({ sighting, wire }: Sender<Sighting, Wire>, vain: Wire): boolean =>
  sighting.at <= vain.at + clockSlackMs && (wire === null || vain.endedAt <= wire.at + clockSlackMs)
