/**
 * A distribution of durations: how many fell into each of buckets that are as wide as at most a 64th of their durations, so that it is
 * small, can be added to another, and tells quantiles to within 1 %. Below 128 us buckets are one microsecond, and quantiles exact.
 */
export interface Durations {
  /** Bucket -> how many. */
  readonly buckets: Map<number, number>
  count: number
  /** Microseconds. */
  longest: number
}

/** Buckets of each power of two. */
const steps = 64
const exactBelow = 2 * steps

export const noDurations = (): Durations => ({ buckets: new Map(), count: 0, longest: 0 })

/** @param duration whole microseconds */
export function addDuration(to: Durations, duration: number): void {
  addToBucket(to, bucketOf(duration), 1)
  to.count++
  if (duration > to.longest) to.longest = duration
}

export function addDurations(to: Durations, { buckets, count, longest }: Durations): void {
  for (const [bucket, times] of buckets) addToBucket(to, bucket, times)
  to.count += count
  if (longest > to.longest) to.longest = longest
}

/** Of the durations only: the caller counts them. */
export function addToBucket({ buckets }: Durations, bucket: number, times: number): void {
  buckets.set(bucket, (buckets.get(bucket) ?? 0) + times)
}

/** The smallest durations that at least such shares of all do not exceed, to within 1 %. @param shares ascending, of at least one duration */
export function quantiles({ buckets, count, longest }: Durations, shares: readonly number[]): number[] {
  const ascending = [...buckets].sort(([a], [b]) => a - b)
  let at = -1
  let reached = 0
  return shares.map((share) => {
    while (reached < share * count && at + 1 < ascending.length) reached += ascending[++at]?.[1] ?? 0
    return Math.min(middleOf(ascending[at]?.[0] ?? 0), longest)
  })
}

function bucketOf(duration: number): number {
  if (duration < exactBelow) return duration
  if (duration <= 0xffff_ffff) {
    // The same, quicker.
    const doublings = 25 - Math.clz32(duration)
    return doublings * steps + (duration >>> doublings)
  }
  const doublings = Math.floor(Math.log2(duration / steps))
  return doublings * steps + Math.floor(duration / 2 ** doublings)
}

function middleOf(bucket: number): number {
  if (bucket < exactBelow) return bucket
  const doublings = Math.floor(bucket / steps) - 1
  return (bucket - doublings * steps + 0.5) * 2 ** doublings
}
