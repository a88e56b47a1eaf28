/** The two ways by which the browser tells, webRequest and the debugger, are not in step: who has heard by one waits for the other, a moment. */

const inStepMs = 1_000

export class InStep {
  readonly #waiting = new Set<() => void>()

  /** What is there by then. @param look asked anew at each arrival; what it gives is no other's */
  async find<Found>(look: () => Found | undefined): Promise<Found | undefined> {
    const deadline = Date.now() + inStepMs
    for (;;) {
      const found = look()
      if (found !== undefined || Date.now() >= deadline) return found
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now())
        this.#waiting.add(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  /** Something has come. */
  arrived(): void {
    for (const go of this.#waiting) go()
    this.#waiting.clear()
  }
}
