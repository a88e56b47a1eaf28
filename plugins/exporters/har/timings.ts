/** Phases as HAR 1.2 counts them: -1 where one did not happen or is unknown, `ssl` lies inside `connect`. */
import type { Timings } from '../../../sdk/model.ts'

export interface HarTimings {
  blocked: number
  dns: number
  connect: number
  ssl: number
  send: number
  wait: number
  receive: number
}

/** To the microsecond: more digits are noise. */
const rounded = (ms: number) => Math.round(ms * 1000) / 1000
const phase = (ms: number | undefined) => (ms === undefined || !(ms >= 0) ? -1 : rounded(ms))

export function harTimings({ dns, connect, tls, send, wait, receive }: Timings): HarTimings {
  const ssl = phase(tls)
  const connecting = connect === undefined && ssl < 0 ? -1 : phase((connect ?? 0) + Math.max(ssl, 0))
  return { blocked: -1, dns: phase(dns), connect: connecting, ssl, send: phase(send), wait: phase(wait), receive: phase(receive) }
}

/** The sum of all phases that are known, `ssl` not counted twice. */
export function totalTime({ blocked, dns, connect, send, wait, receive }: HarTimings): number {
  let sum = 0
  for (const ms of [blocked, dns, connect, send, wait, receive]) if (ms > 0) sum += ms
  return rounded(sum)
}

export const timingsJson = ({ blocked, dns, connect, ssl, send, wait, receive }: HarTimings): string =>
  `{"blocked":${blocked},"dns":${dns},"connect":${connect},"ssl":${ssl},"send":${send},"wait":${wait},"receive":${receive}}`
