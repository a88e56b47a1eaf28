/**
 * Responses reach the browser in the order in which their first heads passed the proxy, as long as they come over one connection. What that leaves of the wires which
 * each of its sightings may be.
 */
import type { Sighting, Wire } from './sightings.ts'

/**
 * @param sightings answered, of one connection @param wires answered, of the same one
 * @returns by sighting, the first and the last place among `wires` in their order; null: it cannot be
 */
export function inOrder<S extends Sighting, W extends Wire>(
  sightings: readonly S[],
  wires: readonly W[],
  may: (sighting: S, wire: W) => boolean,
): { wires: W[]; windows: Map<S, [first: number, last: number]> } | null {
  const answers = [...wires].sort((one, other) => one.order - other.order)
  const blocks = blocksOf(sightings)
  const windows = new Map<S, [number, number]>()
  let place = 0
  for (const block of blocks) {
    const from = place
    for (const _ of block) {
      while (place < answers.length && !block.some((sighting) => may(sighting, answers[place] as W))) place++
      if (place === answers.length) return null
      place++
    }
    for (const sighting of block) windows.set(sighting, [from, 0])
  }
  place = answers.length - 1
  for (const block of blocks.reverse()) {
    const last = place
    for (const _ of block) {
      while (place >= 0 && !block.some((sighting) => may(sighting, answers[place] as W))) place--
      if (place < 0) return null
      place--
    }
    for (const sighting of block) (windows.get(sighting) as [number, number])[1] = last
  }
  return { wires: answers, windows }
}

/** Earliest first; those of the same moment are in no order. */
function blocksOf<S extends Sighting>(sightings: readonly S[]): S[][] {
  const blocks: S[][] = []
  for (const sighting of [...sightings].sort((one, other) => one.answeredAt - other.answeredAt)) {
    const block = blocks.at(-1)
    if (block?.[0]?.answeredAt === sighting.answeredAt) block.push(sighting)
    else blocks.push([sighting])
  }
  return blocks
}
