/** The recorder's side of the process in which a user's filter runs: hands it exchanges in batches, and ends it when it takes too long. */
import type { ChildProcess } from 'node:child_process'
import { fromWire, invalidParams, type ParamError, type WeirError } from '../../../sdk/errors.ts'
import { moduleName } from '../../../sdk/plugin/module-name.ts'
import type { FilteredExchange } from '../../../sdk/plugin.ts'
import { entry } from '../../thread/entry.ts'
import { residentBytes } from '../../thread/resident-bytes.ts'
import { pluginFailed } from '../failure.ts'
import { killPluginProcess, startPluginProcess } from '../plugin-process.ts'
import type { FilterJob, FilterReady, FromFilter, ToFilter } from './filter-messages.ts'
import { type Answer, bytesOf, FilterDeath, type FilterWork } from './filter-step.ts'

export interface FilterLimits {
  heapMiB: number
  residentMiB: number
  /** Loading its module and creating it, ms. */
  startMs: number
  /** Without an answer for so long while it has something to decide, it is taken for stuck, ms. */
  applyMs: number
  /** Exchanges that may wait for it; further ones are taken for failed. */
  waiting: number
}

export const filterLimits: FilterLimits = { heapMiB: 256, residentMiB: 512, startMs: 10_000, applyMs: 750, waiting: 2_000 }

interface Waiting {
  exchange: FilteredExchange
  /** Of its content, about. */
  bytes: number
  resolve(answer: Answer): void
  reject(error: Error): void
}

const watchMs = 100
/** Of content that is given and not answered, bytes, unless it is one exchange's: it lies in the channel once more. */
const mostGivenBytes = 8 * 1024 * 1024

export class FilterChild implements FilterWork {
  readonly #job: FilterJob
  readonly #limits: FilterLimits
  readonly #compileCache: string | null
  readonly #log: (line: string) => void
  #child: ChildProcess | null = null
  #started: Promise<FilterReady> | null = null
  /** Given, not answered; the first is the one in hand. */
  #given: Waiting[] = []
  #givenBytes = 0
  #queue: Waiting[] = []
  #heardAt = 0
  #watchedAt = 0
  #watch: NodeJS.Timeout | null = null
  #flushing = false
  #lastWords: string | null = null
  #verdict: string | null = null
  #disposed = false

  constructor(job: FilterJob, limits: FilterLimits, compileCache: string | null, log: (line: string) => void) {
    this.#job = job
    this.#limits = limits
    this.#compileCache = compileCache
    this.#log = log
  }

  /** Starts the process, unless it runs. Rejects with -32602 invalidConfig, 1003 pluginFailed. */
  start(): Promise<FilterReady> {
    this.#started ??= this.#boot()
    return this.#started
  }

  apply(exchange: FilteredExchange): Promise<Answer> {
    if (this.#given.length + this.#queue.length >= this.#limits.waiting)
      return Promise.reject(new Error(`it is too slow: ${this.#limits.waiting} exchanges wait for it`))
    return new Promise((resolve, reject) => {
      this.#queue.push({ exchange, bytes: bytesOf(exchange), resolve, reject })
      if (this.#flushing) return
      this.#flushing = true
      setImmediate(() => void this.#flush())
    })
  }

  dispose(): void {
    this.#disposed = true
    this.#stopWatching()
    const child = this.#child
    if (child === null) return
    this.#send({ dispose: true })
    const kill = setTimeout(() => killPluginProcess(child), this.#limits.applyMs)
    child.once('exit', () => clearTimeout(kill))
    this.#fail(this.#queue.splice(0), new Error('the filter was replaced'))
  }

  async #flush(): Promise<void> {
    this.#flushing = false
    try {
      await this.start()
    } catch (error) {
      this.#fail(this.#queue.splice(0), new FilterDeath((error as Error).message))
      return
    }
    this.#give()
  }

  /** What waits goes in one message, as far as there is room; the rest follows as answers come. */
  #give(): void {
    let length = 0
    for (const { bytes } of this.#queue) {
      if (this.#given.length + length > 0 && this.#givenBytes + bytes > mostGivenBytes) break
      this.#givenBytes += bytes
      length++
    }
    const batch = this.#queue.splice(0, length)
    if (batch.length === 0) return
    if (this.#given.length === 0) this.#heardAt = performance.now()
    this.#given.push(...batch)
    this.#send({ apply: batch.map(({ exchange }) => exchange) })
    this.#startWatching()
  }

  #boot(): Promise<FilterReady> {
    const child = startPluginProcess({
      entry: entry(import.meta.url, './filter-process'),
      stdio: ['ipc'],
      heapMiB: this.#limits.heapMiB,
      compileCache: this.#compileCache,
      serialization: 'advanced',
    })
    this.#child = child
    this.#lastWords = null
    this.#verdict = null
    const file = moduleName(this.#job.module)
    return new Promise((resolve, reject) => {
      const refuse = (error: WeirError) => {
        reject(error)
        killPluginProcess(child)
      }
      const late = () => refuse(pluginFailed(file, `it was not ready within ${this.#limits.startMs / 1000} s`))
      const timer = setTimeout(late, this.#limits.startMs)
      child.on('message', (message: FromFilter) => {
        if ('ready' in message) resolve(message.ready)
        else if ('invalid' in message) refuse(invalidConfig(message.invalid))
        else if ('failure' in message && !('answer' in message)) refuse(fromWire(message.failure))
        else this.#receive(message)
      })
      // 'close', unlike 'exit', comes after the last message.
      child.once('close', (code, signal) => {
        clearTimeout(timer)
        killPluginProcess(child)
        reject(pluginFailed(file, this.#howItEnded(code, signal)))
        this.#ended(code, signal)
      })
      child.once('message', () => clearTimeout(timer))
      this.#send({ start: this.#job })
    })
  }

  #send(message: ToFilter): void {
    if (this.#child?.connected) this.#child.send(message, () => undefined)
  }

  #receive(message: FromFilter): void {
    if ('log' in message) this.#log(message.log)
    else if ('crashed' in message) this.#lastWords = message.crashed
    else if ('answer' in message) this.#answered(message)
  }

  #answered(message: Extract<FromFilter, { answer: number }>): void {
    this.#heardAt = performance.now()
    const first = this.#given[0]
    if (first === undefined || first.exchange.seq !== message.answer) return
    this.#given.shift()
    this.#givenBytes -= first.bytes
    if ('same' in message) first.resolve(first.exchange)
    else if ('failure' in message) first.reject(new Error(message.failure))
    else first.resolve(message.exchange)
    if (this.#givenBytes <= mostGivenBytes / 2) this.#give()
    if (this.#given.length === 0) this.#stopWatching()
  }

  /** The one in hand is the reason; the others are asked again. */
  #ended(code: number | null, signal: string | null): void {
    this.#child = null
    this.#started = null
    this.#stopWatching()
    const [inHand, ...others] = this.#given
    this.#given = []
    this.#givenBytes = 0
    // What waits while nothing was given waits for the start of the process, and hears of it there.
    if (inHand === undefined) return
    inHand.reject(new FilterDeath(this.#howItEnded(code, signal)))
    this.#queue.unshift(...others)
    if (this.#queue.length === 0) return
    if (this.#disposed) this.#fail(this.#queue.splice(0), new Error('the filter was replaced'))
    else void this.#flush()
  }

  #howItEnded(code: number | null, signal: string | null): string {
    if (this.#verdict !== null) return this.#verdict
    if (this.#lastWords !== null) return this.#lastWords
    if (signal === 'SIGABRT') return `its process ran out of memory (${this.#limits.heapMiB} MiB of heap)`
    return signal === null ? `its process ended by itself with exit code ${code}` : `its process was ended by ${signal}`
  }

  #fail(waiting: readonly Waiting[], error: Error): void {
    for (const { reject } of waiting) reject(error)
  }

  #startWatching(): void {
    if (this.#watch !== null) return
    this.#watchedAt = performance.now()
    this.#watch = setInterval(() => void this.#look(), watchMs)
  }

  #stopWatching(): void {
    if (this.#watch !== null) clearInterval(this.#watch)
    this.#watch = null
  }

  /** A late look means that this thread itself was held up: then nobody is judged by it. */
  async #look(): Promise<void> {
    const now = performance.now()
    const late = now - this.#watchedAt > 4 * watchMs
    this.#watchedAt = now
    const child = this.#child
    if (late) this.#heardAt = now
    else if (now - this.#heardAt > this.#limits.applyMs) this.#end(`it did not decide within ${this.#limits.applyMs} ms and was ended`)
    if (child !== null && (await residentBytes(child.pid)) > this.#limits.residentMiB * 1024 * 1024)
      this.#end(`it used more than ${this.#limits.residentMiB} MiB of memory and was ended`)
  }

  #end(verdict: string): void {
    this.#verdict ??= verdict
    if (this.#child !== null) killPluginProcess(this.#child)
  }
}

const invalidConfig = (errors: ParamError[]): WeirError => invalidParams('invalidConfig', 'its config is not what it takes', errors)
