/**
 * Finds which requests that a browser told of are which exchanges that passed the proxy. Pure: it is told what was seen and how late it is, and says what follows.
 * Two are the same only where nothing else is possible (docs/browser.md); what stays open has a bounded time, then both stay apart, linked.
 */
import { BrowserConnections } from './browser-connections.ts'
import { isVain, MatchGroup, type Sender } from './match-group.ts'
import { clockSlackMs, crossingMs, heldUpMs, type Sighting, type Wire } from './sightings.ts'

export type Decision<S, W> =
  /** The exchange of the wire is that request. */
  | { kind: 'same'; sighting: S; wire: W }
  /** The request gets an exchange of its own; `candidates`: of which one, nobody can tell which, it may be. `givenUp`: nobody looked to the end. */
  | { kind: 'apart'; sighting: S; candidates: W[]; givenUp: boolean }
  /** A wire that a request of its own was linked with is another one's. */
  | { kind: 'unlinked'; sighting: S; wire: W }
  /** The earlier wire was the same request, sent in vain. */
  | { kind: 'resent'; sighting: S; wire: W; earlier: W }
  /** Nothing more will be said of the wire of that sighting. */
  | { kind: 'settled'; sighting: S; wire: W }
  /** No request of a browser can be this wire any more. */
  | { kind: 'free'; wire: W }

export interface MatcherLimits {
  sightings: number
  wires: number
}

const usualLimits: MatcherLimits = { sightings: 20_000, wires: 20_000 }
/** What no wire can be, or several may be, is settled by later news within that, or never, ms. */
const settleMs = 3_000
/** A source tells of a request at most so late; till then its wire waits, ms. */
const lateMs = 5_000
/** A wire that ended without an answer is taken for an earlier attempt when so long nobody else has told of it, ms. */
const resentMs = 2_000
/** Larger groups are looked at so often at most, ms. */
const largeRestMs = 500
const largeGroup = 100_000

interface Timed<S extends Sighting, W extends Wire> {
  group: MatchGroup<S, W>
  isNews: boolean
  /** Something is to be decided by time alone. */
  dueAt: number
  /** Something is to be decided when so much has been read of the wire. */
  readAt: number
  restUntil: number
}

export class Matcher<S extends Sighting, W extends Wire> {
  readonly #limits: MatcherLimits
  readonly #connections = new BrowserConnections()
  readonly #groups = new Map<string, Timed<S, W>>()
  readonly #sightings = new Set<S>()
  readonly #wires = new Set<W>()
  /** Of wires that began later all are here, or are somebody's. */
  #letGo: number
  #decisions: Decision<S, W>[] = []
  #knowsMore = false

  /** @param since wires that began before were not seen, Unix ms */
  constructor(since: number, limits: MatcherLimits = usualLimits) {
    this.#letGo = since
    this.#limits = limits
  }

  /** Something is still to be decided. */
  get isPending(): boolean {
    return this.#groups.size > 0 || this.#decisions.length > 0
  }

  /** Some requests may be exchanges that are not here yet. */
  get isLooking(): boolean {
    return this.#sightings.size > 0
  }

  /** A browser began with it. */
  saw(sighting: S): void {
    sighting.incomplete = sighting.at - clockSlackMs <= this.#letGo
    this.#sightings.add(sighting)
    this.#news(sighting.key).group.sightings.add(sighting)
    if (this.#sightings.size > this.#limits.sightings) this.#giveUpOldest()
  }

  /** A request began to pass the proxy. */
  passed(wire: W): void {
    this.#wires.add(wire)
    this.#news(wire.key).group.wires.add(wire)
    if (this.#wires.size <= this.#limits.wires) return
    const [oldest] = this.#wires
    if (oldest !== undefined) this.#evict(oldest)
  }

  /** One of its facts was told. */
  changed({ key }: S | W): void {
    const timed = this.#groups.get(key)
    if (timed !== undefined) timed.isNews = true
  }

  /** It did not go through the proxy. */
  withdraw(sighting: S): void {
    this.#forget(sighting)
    this.changed(sighting)
  }

  told(source: string, connection: number, port: number): void {
    this.#connections.told(source, connection, port)
    this.#knowsMore = true
  }

  /** Of what passed meanwhile, nobody knows what it was. */
  missed(from: number, to: number): void {
    this.#letGo = Math.max(this.#letGo, to)
    for (const sighting of this.#sightings)
      if (sighting.at <= to && (sighting.answeredAt === 0 || sighting.answeredAt >= from)) sighting.incomplete = true
  }

  /** @param now on the clock of `heardAt` @param readUpTo all that passed the proxy before is told, Unix ms; both Infinity: nothing more will come */
  decide(now: number, readUpTo: number): Decision<S, W>[] {
    do {
      const all = this.#knowsMore
      this.#knowsMore = false
      for (const [key, timed] of this.#groups) {
        if (!all && !timed.isNews && timed.dueAt > now && timed.readAt > readUpTo) continue
        if (timed.restUntil > now && now !== Number.POSITIVE_INFINITY) continue
        this.#consider(timed, now, readUpTo)
        if (timed.group.isEmpty) this.#groups.delete(key)
      }
    } while (this.#knowsMore)
    const decisions = this.#decisions
    this.#decisions = []
    return decisions
  }

  #news(key: string): Timed<S, W> {
    let timed = this.#groups.get(key)
    if (timed === undefined) {
      const never = Number.POSITIVE_INFINITY
      timed = { group: new MatchGroup(this.#connections), isNews: true, dueAt: never, readAt: never, restUntil: 0 }
      this.#groups.set(key, timed)
    }
    timed.isNews = true
    return timed
  }

  #consider(timed: Timed<S, W>, now: number, readUpTo: number): void {
    const { group } = timed
    timed.isNews = false
    timed.dueAt = Number.POSITIVE_INFINITY
    timed.readAt = Number.POSITIVE_INFINITY
    timed.restUntil = group.sightings.size * group.wires.size > largeGroup ? now + largeRestMs : 0
    if (group.sightings.size > 0) this.#conclude(group, readUpTo)
    for (const sighting of group.sightings) if (!sighting.shown) this.#wait(timed, sighting, now, readUpTo)
    for (const wire of group.wires) this.#lookAt(timed, wire, now, readUpTo)
    for (const sender of group.senders) if (group.isFirst(sender)) this.#settle(group, sender)
    for (const [sighting, linked] of group.links) if (!linked.some((wire) => group.wires.has(wire))) this.#forget(sighting)
  }

  #conclude(group: MatchGroup<S, W>, readUpTo: number): void {
    for (const [sighting, { wire, possible }] of group.conclude(readUpTo)) {
      const { source, connection } = sighting
      // One that another one needs as well proves nothing.
      const isConclusive = wire !== null || possible.length > 1
      if (isConclusive && connection !== null && this.#connections.narrow(source, connection, possible)) this.#knowsMore = true
      if (wire !== null && !sighting.shown) this.#unite(group, sighting, wire)
    }
  }

  #unite(group: MatchGroup<S, W>, sighting: S, wire: W): void {
    this.#forget(sighting)
    this.#wires.delete(wire)
    group.wires.delete(wire)
    group.senders.add({ sighting, wire })
    for (const [shown, linked] of group.links) {
      if (!linked.includes(wire)) continue
      group.links.set(
        shown,
        linked.filter((other) => other !== wire),
      )
      this.#decisions.push({ kind: 'unlinked', sighting: shown, wire })
    }
    this.#decisions.push({ kind: 'same', sighting, wire })
  }

  /** A sighting that is not certain to be any wire. */
  #wait(timed: Timed<S, W>, sighting: S, now: number, readUpTo: number): void {
    const { group } = timed
    const { answeredAt, endedAt, heardAt, incomplete } = sighting
    if (answeredAt === 0 && endedAt === 0) return
    if (!incomplete && !group.isSure(sighting, readUpTo)) {
      const readAt = answeredAt === 0 ? endedAt + crossingMs : answeredAt + (readUpTo < answeredAt + clockSlackMs ? clockSlackMs : heldUpMs)
      timed.readAt = Math.min(timed.readAt, readAt)
    }
    if (heardAt + settleMs > now) {
      timed.dueAt = Math.min(timed.dueAt, heardAt + settleMs)
      return
    }
    const wire = group.cutWith(sighting)
    if (wire !== null) this.#unite(group, sighting, wire)
    else this.#show(group, sighting, group.candidates(sighting), incomplete)
  }

  #show(group: MatchGroup<S, W>, sighting: S, candidates: W[], givenUp: boolean): void {
    sighting.shown = true
    group.senders.add({ sighting, wire: null })
    if (candidates.length === 0) this.#forget(sighting)
    else group.links.set(sighting, candidates)
    this.#decisions.push({ kind: 'apart', sighting, candidates, givenUp })
  }

  /** A wire that is nobody's yet. */
  #lookAt(timed: Timed<S, W>, wire: W, now: number, readUpTo: number): void {
    const { group } = timed
    if (isVain(wire) && group.senders.size > 0) {
      if (wire.heardAt + resentMs > now) timed.dueAt = Math.min(timed.dueAt, wire.heardAt + resentMs)
      else if (this.#isResent(group, wire)) return
    }
    if (wire.heardAt + lateMs > now) {
      timed.dueAt = Math.min(timed.dueAt, wire.heardAt + lateMs)
      return
    }
    for (const sighting of group.sightings) if (!sighting.shown && group.mayYet(sighting, wire, readUpTo)) return
    this.#release(wire)
  }

  #isResent(group: MatchGroup<S, W>, earlier: W): boolean {
    const { sighting, wire } = group.resentBy(earlier) ?? {}
    if (sighting === undefined || wire === undefined || wire === null) return false
    this.#wires.delete(earlier)
    group.wires.delete(earlier)
    this.#decisions.push({ kind: 'resent', sighting, wire, earlier })
    return true
  }

  /** Its earlier attempts, if any, are found. */
  #settle(group: MatchGroup<S, W>, sender: Sender<S, W>): void {
    group.senders.delete(sender)
    const { sighting, wire } = sender
    if (wire !== null) this.#decisions.push({ kind: 'settled', sighting, wire })
  }

  #release(wire: W): void {
    const group = this.#groups.get(wire.key)?.group
    this.#wires.delete(wire)
    group?.wires.delete(wire)
    this.#letGo = Math.max(this.#letGo, wire.at)
    this.#decisions.push({ kind: 'free', wire })
  }

  /** Room is needed. What it may have been is not looked for any more. */
  #evict(wire: W): void {
    this.#release(wire)
    for (const sighting of this.#groups.get(wire.key)?.group.sightings ?? [])
      if (sighting.at <= wire.at + clockSlackMs) sighting.incomplete = true
    this.changed(wire)
  }

  #giveUpOldest(): void {
    const [sighting] = this.#sightings
    if (sighting === undefined) return
    const group = this.#groups.get(sighting.key)?.group
    if (group !== undefined && !sighting.shown) this.#show(group, sighting, group.candidates(sighting), true)
    this.#forget(sighting)
    this.changed(sighting)
  }

  #forget(sighting: S): void {
    this.#sightings.delete(sighting)
    const group = this.#groups.get(sighting.key)?.group
    group?.sightings.delete(sighting)
    group?.links.delete(sighting)
  }
}
