/**
 * The two sides of a request as the matcher sees them: what a browser told of it (a sighting), and an exchange that passed the proxy (a wire). Times: Unix ms, 0: not
 * yet. `heardAt`: when the recorder had the latest news of it, on a clock of its own.
 */

export interface Sighting {
  /** Of the source. */
  readonly source: string
  /** Of what can be the same: method and URL. */
  readonly key: string
  /** Nothing of it can have reached the proxy before. */
  readonly at: number
  heardAt: number
  /** The browser's number of the connection; null: not known. */
  connection: number | null
  /** The first head of its response came to the browser. */
  answeredAt: number
  endedAt: number
  /** The status of its response; 0: not yet. */
  readonly status: number
  /** Wires that may be it are not here (any more): it is no proof that one of those left is. */
  incomplete: boolean
  /** It has an exchange of its own. */
  shown: boolean
}

export interface Wire {
  readonly key: string
  /** Its first byte came. */
  readonly at: number
  heardAt: number
  /** Of the client's connection: its port, and a number that no other one has. */
  readonly port: number
  readonly connection: number
  /** The first head of its response passed, or weir answered itself; and the place of that among the answers of its connection. */
  answeredAt: number
  order: number
  endedAt: number
  readonly status: number
  /** It ended amid, or without, its response. */
  isCut: boolean
}

/** Clocks of two processes may differ by as much, ms. */
export const clockSlackMs = 30
/** So long the proxy may be held up between passing a response on and looking at its clock (0.3 s were seen on a crowded machine), ms. */
export const heldUpMs = 1_000
/** So late a request may reach the proxy after the browser has given it up, ms. */
export const crossingMs = 1_000

/** Whether time lets this wire be what the browser told of, connections aside. */
export function fits(sighting: Sighting, wire: Wire): boolean {
  if (!mayHaveBegun(sighting, wire)) return false
  if (sighting.status !== 0 && isChallenge(wire) && !isChallenge(sighting)) return false
  return sighting.answeredAt === 0 || (wire.answeredAt > 0 && wire.answeredAt <= sighting.answeredAt + heldUpMs)
}

/**
 * It asks for credentials (RFC 9110 sections 15.5.2 and 15.5.8): a browser that has some sends the same request again, and tells of what came then only. Of other statuses
 * nothing follows: behind the 200 of a cache a 304 came.
 */
export const isChallenge = ({ status }: Sighting | Wire): boolean => status === 401 || status === 407

/** A request is read and timed before its response is passed on. */
export function mayHaveBegun({ at, answeredAt, endedAt }: Sighting, wire: Wire): boolean {
  if (wire.at < at - clockSlackMs) return false
  if (answeredAt > 0) return wire.at <= answeredAt + clockSlackMs
  return endedAt === 0 || wire.at <= endedAt + crossingMs
}
