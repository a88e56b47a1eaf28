/** The daemon's side of the process in which a user's cookie-sync target runs. */
import type { ChildProcess } from 'node:child_process'
import { fromWire, invalidParams } from '../../../sdk/errors.ts'
import { moduleName } from '../../../sdk/plugin/module-name.ts'
import type { CookieTarget, PulledCookies } from '../../../sdk/plugin.ts'
import { entry } from '../../thread/entry.ts'
import { residentBytes } from '../../thread/resident-bytes.ts'
import { pluginFailed } from '../failure.ts'
import { killPluginProcess, startPluginProcess } from '../plugin-process.ts'
import type { TargetSurroundings } from './create-target.ts'
import type { FromTarget, TargetJob, ToTarget } from './target-messages.ts'

const heapMiB = 256
/** Resident memory: buffers lie outside of the heap, MiB. */
const residentMiB = 512
const watchMs = 250
const startMs = 10_000
const disposeMs = 750

interface Asked {
  resolve(done: PulledCookies | string | null): void
  reject(error: Error): void
}

class TargetChild {
  readonly #child: ChildProcess
  readonly #surroundings: TargetSurroundings
  #asked: Asked | null = null
  #lastWords: string | null = null
  #ended = false

  constructor(surroundings: TargetSurroundings, compileCache: string | null) {
    this.#surroundings = surroundings
    this.#child = startPluginProcess({
      entry: entry(import.meta.url, './target-process'),
      stdio: ['ipc'],
      heapMiB,
      compileCache,
      serialization: 'advanced',
    })
    const watch = setInterval(() => void this.#look(), watchMs)
    watch.unref()
    this.#child.once('close', () => clearInterval(watch))
  }

  /** Rejects with -32602 invalidConfig, 1003 pluginFailed. */
  start(job: TargetJob): Promise<{ reads: boolean; moves: boolean }> {
    const file = moduleName(job.module)
    return new Promise((resolve, reject) => {
      const refuse = (error: Error) => {
        reject(error)
        killPluginProcess(this.#child)
      }
      const timer = setTimeout(() => refuse(pluginFailed(file, `it was not ready within ${startMs / 1000} s`)), startMs)
      this.#child.on('message', (message: FromTarget) => {
        clearTimeout(timer)
        if ('ready' in message) resolve(message.ready)
        else if ('invalid' in message) refuse(invalidParams('invalidConfig', 'its config is not what it takes', message.invalid))
        else if ('failure' in message) refuse(fromWire(message.failure))
        else void this.#receive(message)
      })
      this.#child.once('close', (code, signal) => {
        clearTimeout(timer)
        this.#ended = true
        const how =
          this.#lastWords ?? (signal === null ? `its process ended by itself with exit code ${code}` : `its process was ended by ${signal}`)
        reject(pluginFailed(file, how))
        this.#asked?.reject(new Error(how))
        this.#asked = null
      })
      this.#send({ start: job })
    })
  }

  /** One at a time. How long an answer may take is the caller's to say; `dispose` ends one that is stuck. */
  ask(message: ToTarget): Promise<PulledCookies | string | null> {
    if (this.#ended) return Promise.reject(new Error(this.#lastWords ?? 'its process has ended'))
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject }
      this.#send(message)
    })
  }

  dispose(): void {
    if (this.#ended) return
    this.#send({ dispose: true })
    const kill = setTimeout(() => killPluginProcess(this.#child), disposeMs)
    this.#child.once('close', () => clearTimeout(kill))
  }

  async #look(): Promise<void> {
    if ((await residentBytes(this.#child.pid)) <= residentMiB * 1024 * 1024) return
    this.#lastWords ??= `it used more than ${residentMiB} MiB of memory and was ended`
    killPluginProcess(this.#child)
  }

  #send(message: ToTarget): void {
    if (this.#child.connected) this.#child.send(message, () => undefined)
  }

  async #receive(message: FromTarget): Promise<void> {
    if ('log' in message) this.#surroundings.log(message.log)
    else if ('crashed' in message) this.#lastWords = message.crashed
    else if ('done' in message) this.#asked?.resolve(message.done)
    else if ('failed' in message) this.#asked?.reject(new Error(message.failed))
    else if ('jar' in message) await this.#answerJar(message)
    else if ('source' in message) await this.#answerSource(message)
  }

  async #answerSource({ source: call, name, ask }: Extract<FromTarget, { source: number }>): Promise<void> {
    const source = this.#surroundings.source(name)
    try {
      const answer = ask === 'place' ? await source.place() : ask === 'pull' ? await source.pull() : await source.push(ask.changes, ask.all)
      this.#send({ source: call, answer: answer ?? null })
    } catch (error) {
      this.#send({ source: call, failure: error instanceof Error ? error.message : String(error) })
    }
  }

  async #answerJar({ jar: call, name, changes }: Extract<FromTarget, { jar: number }>): Promise<void> {
    const jar = this.#surroundings.jar(name)
    try {
      if (changes !== null) await jar.change(changes)
      this.#send({ jar: call, cookies: changes === null ? await jar.cookies() : [] })
    } catch (error) {
      this.#send({ jar: call, failure: error instanceof Error ? error.message : String(error) })
    }
  }
}

/** Rejects with -32602 invalidConfig, 1003 pluginFailed; nothing is left running then. */
export async function startTarget(job: TargetJob, surroundings: TargetSurroundings, compileCache: string | null): Promise<CookieTarget> {
  const child = new TargetChild(surroundings, compileCache)
  const { reads, moves } = await child.start(job)
  return {
    push: async (changes, all) => void (await child.ask({ push: { changes, all } })),
    ...(reads && { pull: () => child.ask({ pull: true }) as Promise<PulledCookies | null> }),
    ...(moves && { place: () => child.ask({ place: true }) as Promise<string> }),
    dispose: () => child.dispose(),
  }
}
