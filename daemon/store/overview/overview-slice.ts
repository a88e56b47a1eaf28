/** A part of an overview: a stretch of a session, grouped. */
import type { OverviewKey } from '../../../sdk/overview-keys.ts'
import type { MatchingRows } from '../matching.ts'
import { isEmpty, type Range } from '../range.ts'
import { dimensions } from './dimensions.ts'
import { addExchange, type Groups, groupOf, type OverviewRow } from './group.ts'
import { type PackedGroups, packGroups } from './packed-groups.ts'

export interface OverviewSlice {
  groups: PackedGroups
  /** Where the next one begins; null: this was the last. */
  next: number | null
  /** Changes of the record that columns do not tell and would: what making them is worth. */
  behind: number
}

/** What matches, read from the record. Until the deadline (of performance.now), at least a few exchanges. */
export function overviewSlice(matching: MatchingRows, by: OverviewKey, range: Range, deadline: number): Omit<OverviewSlice, 'behind'> {
  const { shape, keyOf } = dimensions[by]
  const groups: Groups = new Map()
  let rest = range
  while (!isEmpty(rest)) {
    const found = matching.read<OverviewRow>(shape, rest, deadline)
    for (const row of found.rows) addExchange(groupOf(groups, keyOf(row)), row)
    rest = found.rest
    if (performance.now() >= deadline) break
  }
  return { groups: packGroups(groups), next: isEmpty(rest) ? null : rest.after }
}
