/** The daemon's side of the process in which a source runs: starts it, passes on what it sees, and ends it with all that it has started. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fromWire, invalidParams } from '../../../sdk/errors.ts'
import { moduleName } from '../../../sdk/plugin/module-name.ts'
import type { CookieTarget, PulledCookies } from '../../../sdk/plugin.ts'
import type { SourceEvent } from '../../../sdk/source.ts'
import { entry } from '../../thread/entry.ts'
import { residentBytes } from '../../thread/resident-bytes.ts'
import { pluginFailed, said } from '../failure.ts'
import { killPluginProcess, startPluginProcess } from '../plugin-process.ts'
import type { FromSource, ReadySource, SourceJob, ToSource } from './source-messages.ts'

export interface SourceLimits {
  /** JavaScript heap, MiB. */
  heapMiB: number
  /** Resident memory of the process, not of the browser, MiB. */
  residentMiB: number
  /** To open: a browser takes its time on a busy machine, ms. */
  startMs: number
  /** Without a word for so long, it is taken for stuck, ms. */
  silenceMs: number
}

const sourceLimits: SourceLimits = { heapMiB: 512, residentMiB: 1024, startMs: 60_000, silenceMs: 15_000 }
const watchMs = 1_000
/** What a window on a screen needs, and where Windows keeps its programs. */
const ofScreens = [
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  'XDG_RUNTIME_DIR',
  'XDG_SESSION_TYPE',
  'XDG_CURRENT_DESKTOP',
  'DBUS_SESSION_BUS_ADDRESS',
  'ProgramFiles',
  'ProgramFiles(x86)',
]

export interface SourceSurroundings {
  log(line: string): void
  /** Resolves when they are with the recorder. Called one at a time. */
  take(events: readonly SourceEvent[]): Promise<void>
  /** Hears once how it ended, unless `stop` did that. @param failed it was no end of the browser's own */
  ended(reason: string, failed: boolean): void
}

export class SourceChild {
  readonly #child: ChildProcess
  readonly #surroundings: SourceSurroundings
  readonly #limits: SourceLimits
  /** How it ended, once it and all that it has started are gone. */
  readonly #exit: Promise<string>
  /** Resolves once nothing is left of it. */
  readonly gone: Promise<unknown>
  readonly #asked = new Map<number, { resolve(pulled: PulledCookies | null): void; reject(error: Error): void }>()
  #asks = 0
  #lastWords: string | null = null
  /** It was told to stop. */
  #stopping = false
  #isOpen = false
  /** Nobody waits for it any more. */
  #isLeft = false
  #isOver = false
  #heardAt = performance.now()
  #watchedAt = performance.now()
  #taking: Promise<void> = Promise.resolve()
  #stopped: () => void = () => undefined

  constructor(surroundings: SourceSurroundings, compileCache: string | null, limits: Partial<SourceLimits> = {}) {
    this.#surroundings = surroundings
    this.#limits = { ...sourceLimits, ...limits }
    this.#child = startPluginProcess({
      entry: entry(import.meta.url, './source-process'),
      stdio: ['ipc'],
      heapMiB: this.#limits.heapMiB,
      compileCache,
      serialization: 'advanced',
      more: ofScreens,
    })
    this.#exit = this.#settle()
    this.gone = this.#exit
  }

  /** Rejects with -32602 invalidConfig, 1003 pluginFailed; nothing is left running then. */
  open(job: SourceJob): Promise<ReadySource> {
    const file = moduleName(job.module)
    const { startMs } = this.#limits
    return new Promise((resolve, reject) => {
      const refuse = (error: Error) => {
        reject(error)
        this.kill()
      }
      const timer = setTimeout(() => refuse(pluginFailed(file, `it was not open within ${startMs / 1000} s`)), startMs)
      const watch = setInterval(() => void this.#watch(), watchMs)
      this.#child.on('message', (message: FromSource) => {
        this.#heardAt = performance.now()
        if ('ready' in message) {
          clearTimeout(timer)
          this.#isOpen = true
          resolve(message.ready)
        } else if ('invalid' in message) refuse(invalidParams('invalidConfig', 'its config is not what it takes', message.invalid))
        else if ('failure' in message) refuse(fromWire(message.failure))
        else this.#receive(message)
      })
      void this.#exit.then((how) => {
        clearTimeout(timer)
        clearInterval(watch)
        reject(pluginFailed(file, how))
        this.#end(how, true)
      })
      this.#send({ start: job })
    })
  }

  /** Of what its process holds; each call may be beside others. */
  cookies(kind: ReadySource['cookies']): CookieTarget | null {
    if (kind === 'none') return null
    return {
      push: async (changes, all) => void (await this.#ask({ push: { changes, all } })),
      ...(kind === 'readAndWritten' && { pull: () => this.#ask({ pull: true }) }),
    }
  }

  /**
   * Resolves when it has told what it saw, and all that it has started is gone, or after so many ms: then that is ended by force, or goes on to end by itself
   * until so many ms have passed. What it tells then is not taken.
   */
  async stop(withinMs: number, endMs: number): Promise<void> {
    this.#stopping = true
    if (!this.#isOver) {
      let isLate = false
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          isLate = true
          if (endMs <= withinMs) this.#surroundings.log(`it did not stop within ${withinMs} ms: its process was ended`)
          resolve()
        }, withinMs)
      })
      const stopped = new Promise<void>((resolve) => {
        this.#stopped = resolve
      })
      this.#send({ stop: true })
      await Promise.race([stopped, this.#exit, late])
      clearTimeout(timer)
      if (isLate && endMs > withinMs) {
        await this.#taking
        void this.#goOnEnding(stopped, endMs - withinMs)
        return
      }
    }
    this.kill()
    await this.#exit
    // What it has sent is with the recorder before that hears of its end.
    await this.#taking
  }

  async #goOnEnding(stopped: Promise<void>, withinMs: number): Promise<void> {
    this.#isLeft = true
    const timer = setTimeout(() => this.kill(), withinMs)
    await Promise.race([stopped, this.#exit])
    clearTimeout(timer)
    this.kill()
  }

  kill(): void {
    killPluginProcess(this.#child)
  }

  async #settle(): Promise<string> {
    const disconnected = new Promise((resolve) => this.#child.once('disconnect', resolve))
    const [code, signal] = await once(this.#child, 'exit').catch(() => [null, null])
    // What it has started is left behind; its last words may still come.
    this.kill()
    if (this.#child.connected) await disconnected
    if (this.#lastWords !== null) return this.#lastWords
    if (signal !== null) return `its process was ended by ${signal}`
    return code === null ? 'the system could not start a process for it' : `its process ended by itself with exit code ${code}`
  }

  #send(message: ToSource): void {
    if (this.#child.connected) this.#child.send(message, () => undefined)
  }

  #ask(message: { push: Extract<ToSource, { push: unknown }>['push'] } | { pull: true }): Promise<PulledCookies | null> {
    if (this.#isOver) return Promise.reject(new Error('its process has ended'))
    const ask = ++this.#asks
    return new Promise((resolve, reject) => {
      this.#asked.set(ask, { resolve, reject })
      this.#send({ ask, ...message })
    })
  }

  #receive(message: Exclude<FromSource, { ready: unknown } | { invalid: unknown } | { failure: unknown }>): void {
    if ('events' in message) this.#taking = this.#taking.then(() => this.#take(message.events))
    else if ('answer' in message) this.#answered(message)
    else if ('log' in message) this.#surroundings.log(message.log)
    else if ('crashed' in message) this.#lastWords = message.crashed
    // What it has seen is with the recorder: `taken` was said of all.
    else if ('stopped' in message) this.#stopped()
    else if ('ended' in message) {
      this.#end(message.ended, false)
      this.kill()
    }
  }

  async #take(events: readonly SourceEvent[]): Promise<void> {
    try {
      if (!this.#isLeft) await this.#surroundings.take(events)
      this.#send({ taken: 1 })
    } catch (error) {
      this.#verdict(`what it saw could not be recorded: ${said(error)}`)
    }
  }

  #answered(message: Extract<FromSource, { answer: number }>): void {
    const asked = this.#asked.get(message.answer)
    this.#asked.delete(message.answer)
    if ('failed' in message) asked?.reject(new Error(message.failed))
    else asked?.resolve(message.pulled)
  }

  /** Once. What its process wrote before it died is taken all the same. */
  #end(how: string, failed: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const { reject } of this.#asked.values()) reject(new Error(how))
    this.#asked.clear()
    if (this.#isOpen && !this.#stopping) void this.#taking.then(() => this.#surroundings.ended(how, failed))
  }

  /** A late tick means that the daemon itself was held up: then nobody is judged by it. */
  async #watch(): Promise<void> {
    const { silenceMs, residentMiB } = this.#limits
    const now = performance.now()
    const late = now - this.#watchedAt > 4 * watchMs
    this.#watchedAt = now
    if (late) this.#heardAt = now
    else if (now - this.#heardAt > silenceMs) this.#verdict(`it did not answer for ${silenceMs / 1000} s and was ended`)
    if ((await residentBytes(this.#child.pid)) > residentMiB * 1024 * 1024)
      this.#verdict(`it used more than ${residentMiB} MiB of memory and was ended`)
  }

  #verdict(words: string): void {
    this.#lastWords ??= words
    this.kill()
  }
}
