/** Keeps one target in step: hands it what changes, asks it every second what it holds, and goes on trying when it fails. */
import { type Cookie, type CookieKey, keyOf } from '../../sdk/cookie/cookie.ts'
import type { CookieTarget, CookieTargetChange, PulledCookies } from '../../sdk/plugin.ts'

export interface TargetRunOptions {
  /** Throws what is wrong; it is tried again. */
  open(): Promise<CookieTarget>
  reads: boolean
  writes: boolean
  /** All that it should hold. */
  held(): readonly Cookie[]
  /** What stands behind it, before it is read. */
  isAt(place: string): void
  pulled(cookies: PulledCookies): void
  /** It has got them. */
  handed(changes: readonly CookieTargetChange[]): void
  /** Once for each message in a row; null: it works again. */
  failing(message: string | null): void
}

/** Between two looks at a target, ms. */
const lookMs = 1_000
/** Before something is tried again: the first time, and at most, ms. */
const retryMs = { first: 250, most: 30_000 }
const answerMs = 10_000

export class TargetRun {
  readonly #options: TargetRunOptions
  #target: CookieTarget | null = null
  /** What it has not got yet, by key. */
  #waiting = new Map<string, CookieTargetChange>()
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> | null = null
  #again = false
  #closed = false
  #failures = 0
  /** Unix ms; null: never. */
  pushedAt: number | null = null
  pulledAt: number | null = null
  error: string | null = null

  constructor(options: TargetRunOptions) {
    this.#options = options
  }

  /** Changes that it has not got. */
  get waiting(): number {
    return this.#waiting.size
  }

  add(change: CookieTargetChange): void {
    if (!this.#options.writes) return
    this.#waiting.set(keyOf(keyOfChange(change)), change)
    if (this.#failures === 0) this.#soon(0)
  }

  /** Now, whatever failed before; resolves once it was tried. */
  async run(): Promise<void> {
    // What runs may have looked already.
    await this.#running
    await this.#start()
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#running
    this.#target?.dispose?.()
    this.#target = null
  }

  #soon(ms: number): void {
    if (this.#closed) return
    if (this.#running !== null) {
      this.#again ||= ms === 0
      return
    }
    if (this.#timer !== null) {
      if (ms > 0) return
      clearTimeout(this.#timer)
    }
    this.#timer = setTimeout(() => {
      this.#timer = null
      void this.#start()
    }, ms)
    this.#timer.unref()
  }

  #start(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#running ??= this.#step().finally(() => {
      this.#running = null
      const again = this.#again && this.#failures === 0
      this.#again = false
      if (again) this.#soon(0)
      else if (this.#failures > 0) this.#soon(Math.min(retryMs.most, retryMs.first * 2 ** (this.#failures - 1)))
      else if (this.#options.reads) this.#soon(lookMs)
    })
    return this.#running
  }

  async #step(): Promise<void> {
    try {
      this.#target ??= await this.#options.open()
      if (this.#target.place) this.#options.isAt(await inTime(this.#target.place()))
      // Read first: what is newer there is not written over.
      if (this.#options.reads) await this.#pull(this.#target)
      if (this.#waiting.size > 0) await this.#push(this.#target)
      this.#worked()
    } catch (error) {
      this.#failures++
      // A process that has died, or a browser that went away, is begun anew.
      this.#target?.dispose?.()
      this.#target = null
      const message = error instanceof Error ? error.message : String(error)
      if (message !== this.error) this.#options.failing(message)
      this.error = message
    }
  }

  async #pull(target: CookieTarget): Promise<void> {
    if (!target.pull) return
    const pulled = await inTime(target.pull())
    this.pulledAt = Date.now()
    if (pulled !== null) this.#options.pulled(pulled)
  }

  async #push(target: CookieTarget): Promise<void> {
    const batch = this.#waiting
    this.#waiting = new Map()
    const changes = [...batch.values()]
    try {
      await inTime(target.push(changes, this.#options.held()))
      this.#options.handed(changes)
      this.pushedAt = Date.now()
    } catch (error) {
      // What came meanwhile is newer.
      this.#waiting = new Map([...batch, ...this.#waiting])
      throw error
    }
  }

  #worked(): void {
    this.#failures = 0
    if (this.error !== null) this.#options.failing(null)
    this.error = null
  }
}

const keyOfChange = (change: CookieTargetChange): CookieKey => ('put' in change ? change.put : change.gone)

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not answer within ${answerMs / 1000} s`)), answerMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
