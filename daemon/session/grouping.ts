/** Collects the groups of an overview, slice by slice. */
import { emptyGroup, type Group, type GroupKey, type Groups, groupOf } from '../store/overview/group.ts'

export interface Grouping {
  /** To which exchanges of that key are added; what comes when there are too many groups goes to `overflow`. */
  of(key: GroupKey): Group
  groups(): Groups
  readonly overflow: Group
}

const groupsMaximum = 10_000

export class KeyGroups implements Grouping {
  readonly overflow = emptyGroup()
  readonly #groups: Groups = new Map()

  of(key: GroupKey): Group {
    if (this.#groups.size >= groupsMaximum && !this.#groups.has(key)) return this.overflow
    return groupOf(this.#groups, key)
  }

  groups(): Groups {
    return this.#groups
  }
}
