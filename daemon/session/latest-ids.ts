/** Ids of what was there, for those who come too late: a thousand of them, then the oldest is forgotten. */
const most = 1_000

export class LatestIds {
  readonly #ids = new Set<string>()

  add(id: string): void {
    this.#ids.add(id)
    const [oldest] = this.#ids
    if (oldest !== undefined && this.#ids.size > most) this.#ids.delete(oldest)
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }
}
