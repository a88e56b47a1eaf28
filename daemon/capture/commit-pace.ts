/** When to commit: 25 ms apart, up to 250 when commits take too much of the time. */

const shortestMs = 25
const longestMs = 250
/** Share of the time spent in commits above which they move apart, and below which they come closer again. */
const muchTime = 0.4
const littleTime = 0.2

export class CommitPace {
  #intervalMs = shortestMs
  #endedAt = 0

  get intervalMs(): number {
    return this.#intervalMs
  }

  /** How long to wait for the next commit, 0 when it is due. Times are milliseconds of one clock. */
  dueIn(now: number): number {
    return Math.max(0, this.#endedAt + this.#intervalMs - now)
  }

  /** A round of commits lasted so long. */
  committed(begunAt: number, endedAt: number): void {
    const period = Math.max(endedAt - this.#endedAt, 1)
    const share = (endedAt - begunAt) / period
    if (share > muchTime) this.#intervalMs = Math.min(longestMs, this.#intervalMs * 1.5)
    else if (share < littleTime) this.#intervalMs = Math.max(shortestMs, this.#intervalMs * 0.9)
    this.#endedAt = endedAt
  }
}
