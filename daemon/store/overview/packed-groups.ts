/** Groups on their way between threads: numbers in arrays, for objects take longer to pass than to make. */
import { addToBucket } from './durations.ts'
import type { Group, GroupKey, Groups } from './group.ts'

export interface PackedGroups {
  keys: GroupKey[]
  /** Of each group: exchanges, failed, bytes sent, bytes received, longest duration, how many durations, how many buckets. */
  facts: Float64Array
  /** Of each group its buckets, and how many durations are in each. */
  buckets: Float64Array
}

const factsOfEach = 7

export function packGroups(groups: Groups): PackedGroups {
  let pairs = 0
  for (const { durations } of groups.values()) pairs += durations.buckets.size
  const facts = new Float64Array(groups.size * factsOfEach)
  const buckets = new Float64Array(pairs * 2)
  let [fact, at] = [0, 0]
  for (const { exchanges, failed, bytesSent, bytesReceived, durations } of groups.values()) {
    facts.set([exchanges, failed, bytesSent, bytesReceived, durations.longest, durations.count, durations.buckets.size], fact)
    fact += factsOfEach
    for (const [bucket, times] of durations.buckets) {
      buckets[at++] = bucket
      buckets[at++] = times
    }
  }
  return { keys: [...groups.keys()], facts, buckets }
}

/** @param groupOf the group to which those of a key are added */
export function addPacked({ keys, facts, buckets }: PackedGroups, groupOf: (key: GroupKey) => Group): void {
  let [fact, at] = [0, 0]
  const next = () => facts[fact++] as number
  for (const key of keys) {
    const to = groupOf(key)
    to.exchanges += next()
    to.failed += next()
    to.bytesSent += next()
    to.bytesReceived += next()
    to.durations.longest = Math.max(to.durations.longest, next())
    to.durations.count += next()
    for (const end = at + 2 * next(); at < end; at += 2) addToBucket(to.durations, buckets[at] as number, buckets[at + 1] as number)
  }
}
