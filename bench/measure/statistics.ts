/** Medians and their spread: what a noisy machine can honestly say. */

export interface Spread {
  median: number
  min: number
  max: number
}

/** `q` in 0..1, nearest rank, over a copy. NaN for no values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 ? sorted[middle] : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
  return { median: median ?? Number.NaN, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN }
}

/** Ratio of two series round by round: neighbours in time share the machine's mood, so the pairs are what counts. */
export function pairedRatio(numerator: readonly number[], denominator: readonly number[]): Spread {
  return spread(numerator.map((value, round) => value / (denominator[round] ?? Number.NaN)))
}
