/** When an entry of a HAR began and how long its phases took: there `ssl` lies inside `connect`, and -1 is unknown. */
import type { Exchange, Timings } from '../../../sdk/model.ts'
import { EntryFault } from '../imported-exchange.ts'
import { type JsonObject, numberOf, objectOf, textOf } from '../json-values.ts'

/** Waiting in a browser's queue (`blocked`) has no place on record. @throws EntryFault when nobody can tell when it was */
export function harTimes(entry: JsonObject): Pick<Exchange, 'startedAt' | 'durationMs' | 'timings'> {
  const given = textOf(entry.startedDateTime)
  const startedAt = Date.parse(given)
  if (Number.isNaN(startedAt)) throw new EntryFault(`its startedDateTime ${JSON.stringify(given.slice(0, 50))} is no date`)
  const phases = objectOf(entry.timings)
  const phase = (name: string) => {
    const ms = numberOf(phases[name])
    return ms === undefined || ms < 0 ? undefined : ms
  }
  const [dns, connecting, tls] = [phase('dns'), phase('connect'), phase('ssl')]
  const [send, wait, receive] = [phase('send'), phase('wait'), phase('receive')]
  const connect = connecting === undefined ? undefined : Math.max(0, connecting - (tls ?? 0))
  const timings: Timings = {}
  for (const [name, ms] of Object.entries({ dns, connect, tls, send, wait, receive }))
    if (ms !== undefined) timings[name as keyof Timings] = ms
  const known = [send, wait, receive].filter((ms) => ms !== undefined)
  const durationMs = known.length > 0 ? known.reduce((sum, ms) => sum + ms, 0) : Math.max(0, numberOf(entry.time) ?? 0)
  return { startedAt, durationMs: entry._state === 'open' ? null : durationMs, timings }
}
