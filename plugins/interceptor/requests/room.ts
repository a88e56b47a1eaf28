/** Memory for what is read: who wants some waits for its turn. */

export class Room {
  readonly #most: number
  readonly #mostWaiting: number
  #used = 0
  readonly #waiting: { bytes: number; go(): void }[] = []

  constructor(most: number, mostWaiting: number) {
    this.#most = most
    this.#mostWaiting = mostWaiting
  }

  /** null: too much is wanted already. What it resolves with gives the room back. */
  take(bytes: number): Promise<() => void> | null {
    if (this.#waiting.length >= this.#mostWaiting) return null
    const taken = Math.min(bytes, this.#most)
    return new Promise((resolve) => {
      const go = () => {
        this.#used += taken
        resolve(() => this.#giveBack(taken))
      }
      this.#waiting.push({ bytes: taken, go })
      this.#next()
    })
  }

  #giveBack(bytes: number): void {
    this.#used -= bytes
    this.#next()
  }

  #next(): void {
    for (let next = this.#waiting[0]; next && this.#used + next.bytes <= this.#most; next = this.#waiting[0]) {
      this.#waiting.shift()
      next.go()
    }
  }
}
