/** A part of an overview: a stretch of a session, grouped. */
import type { OverviewKey } from '../../../sdk/overview-keys.ts'
import type { ColumnsNow, Words } from '../columns/column-reader.ts'
import { noNumber, placeOf } from '../columns/segment.ts'
import { stateOf } from '../exchange-row.ts'
import type { MatchingRows, Sure } from '../matching-rows.ts'
import { isEmpty, type Range } from '../range.ts'
import { dimensions } from './dimensions.ts'
import { addExchange, addFacts, addGroup, emptyGroup, type Group, type Groups, groupOf, type OverviewRow } from './group.ts'
import { type PackedGroups, packGroups } from './packed-groups.ts'

export interface OverviewSlice {
  groups: PackedGroups
  /** Where the next one begins; null: this was the last. */
  next: number | null
  /** Changes of the record that columns do not tell and would: what making them is worth. */
  behind: number
}

/** What matches, out of columns and record. Until the deadline (of performance.now), at least a few exchanges. */
export function overviewSlice(matching: MatchingRows, by: OverviewKey, range: Range, deadline: number): OverviewSlice {
  const { shape, keyOf } = dimensions[by]
  const groups: Groups = new Map()
  const told = { key: by, of: (sure: readonly Sure[], { words }: ColumnsNow) => groupsOf(sure, by, words) }
  let rest = range
  while (!isEmpty(rest)) {
    const found = matching.read<OverviewRow, Groups>(shape, rest, deadline, told)
    for (const [key, group] of found.told ?? []) addGroup(groupOf(groups, key), group)
    for (const row of found.rows) addExchange(groupOf(groups, keyOf(row)), row)
    rest = found.rest
    if (performance.now() >= deadline) break
  }
  return { groups: packGroups(groups), next: isEmpty(rest) ? null : rest.after, behind: matching.behind }
}

function groupsOf(sure: readonly Sure[], by: OverviewKey, words: Words): Groups {
  const groups = new Map<number, Group>()
  for (const { segment, seqs } of sure) {
    if (seqs.length === 0) continue
    const keys = segment.words(by)
    const [sent, received, durations] = [segment.numbers('sent'), segment.numbers('received'), segment.numbers('duration')]
    for (const seq of seqs) {
      const place = placeOf(seq)
      const word = keys[place] as number
      let group = groups.get(word)
      if (group === undefined) {
        group = emptyGroup()
        groups.set(word, group)
      }
      const duration = durations[place] as number
      const failed = stateOf(segment.flags[place] as number) === 'failed'
      addFacts(group, failed, sent[place] as number, received[place] as number, duration === noNumber ? null : duration)
    }
  }
  return new Map(Array.from(groups, ([word, group]) => [words.text(word), group]))
}
