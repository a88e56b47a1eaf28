/** Gathers what is asked while a look at the system runs, so that one answers for all that came in the meantime. */
import type { Answer, Asked, ProcessFinder } from './surface.ts'

/** After a look the thread rests so many times as long as it took: it never takes more than a fifth of a core. */
const rest = 4

export interface LookUpOptions {
  finder: ProcessFinder
  answer(answers: Answer[]): void
  fault(error: unknown): void
}

export class LookUp {
  #options: LookUpOptions
  #waiting: Asked[] = []
  #running = false

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
      const took = performance.now() - begunAt
      await new Promise((resolve) => setTimeout(resolve, took * rest))
    }
    this.#running = false
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
