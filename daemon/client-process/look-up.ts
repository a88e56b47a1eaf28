/** Gathers what is asked while a look at the system runs, so that one answers for all that came in the meantime. */
import type { Answer, Asked, ProcessFinder } from './surface.ts'

/** After a look the thread rests so many times as long as it took: it never takes more than a fifth of a core. */
const rest = 4
/** In the long run it takes a twentieth: in floods of connections most are over before anybody can look, however often. */
const restInFlood = 19
/** What looks may take before that counts, ms: who connects now and then is looked up at once. */
const allowanceMs = 300
/** A session that stops waits for the answers. */
const longestRestMs = 1_000

export interface LookUpOptions {
  finder: ProcessFinder
  answer(answers: Answer[]): void
  fault(error: unknown): void
}

export class LookUp {
  #options: LookUpOptions
  #waiting: Asked[] = []
  #running = false
  /** What looks have taken beyond a twentieth of the time, ms; when that was so. */
  #spentMs = 0
  #spentAt = performance.now()

  constructor(options: LookUpOptions) {
    this.#options = options
  }

  ask(asked: readonly Asked[]): void {
    this.#waiting.push(...asked)
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) {
      const begunAt = performance.now()
      const asked = this.#waiting
      this.#waiting = []
      this.#options.answer(await this.#look(asked))
      const restMs = this.#restAfter(begunAt, performance.now())
      await new Promise((resolve) => setTimeout(resolve, restMs))
    }
    this.#running = false
  }

  #restAfter(begunAt: number, now: number): number {
    const took = now - begunAt
    this.#spentMs = Math.max(0, this.#spentMs - (begunAt - this.#spentAt) / (restInFlood + 1)) + took
    this.#spentAt = begunAt
    return Math.min(longestRestMs, took * (this.#spentMs < allowanceMs ? rest : restInFlood))
  }

  async #look(asked: readonly Asked[]): Promise<Answer[]> {
    try {
      const found = await this.#options.finder.find(asked)
      return asked.map(({ id }) => ({ id, process: found.get(id) ?? null }))
    } catch (error) {
      this.#options.fault(error)
      return asked.map(({ id }) => ({ id, process: null }))
    }
  }
}
