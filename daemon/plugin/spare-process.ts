/** A process that is started before there is a job for it, while exports follow each other: its start is most of the time to their first byte. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { killPluginProcess } from './plugin-process.ts'

export class SpareProcess {
  readonly #start: () => ChildProcess
  readonly #keepMs: number
  #waiting: ChildProcess | null = null
  #end: NodeJS.Timeout | undefined
  #usedAt = Number.NEGATIVE_INFINITY

  /** @param keepMs so soon after a job another one is expected, and so long one waits for it */
  constructor(start: () => ChildProcess, keepMs: number) {
    this.#start = start
    this.#keepMs = keepMs
  }

  /** One that has had no job: each does one only, so none has loaded a plugin before. */
  take(): ChildProcess {
    const child = this.#waiting
    if (child === null) return this.#start()
    this.#waiting = null
    clearTimeout(this.#end)
    hold(child, 'ref')
    return child
  }

  /** A job is over: where it was not the first for a while, a process waits for the next from now on. */
  used(): void {
    const isExpected = performance.now() - this.#usedAt < this.#keepMs
    this.#usedAt = performance.now()
    if (!isExpected || this.#waiting !== null) return
    const child = this.#start()
    if (child.pid === undefined) return
    this.#waiting = child
    // What only waits keeps nobody from ending.
    hold(child, 'unref')
    child.once('exit', () => {
      if (this.#waiting !== child) return
      this.#waiting = null
      clearTimeout(this.#end)
    })
    this.#end = setTimeout(() => void this.close(), this.#keepMs).unref()
  }

  /** Ends the one that waits. */
  async close(): Promise<void> {
    const child = this.#waiting
    if (child === null) return
    this.#waiting = null
    clearTimeout(this.#end)
    hold(child, 'ref')
    killPluginProcess(child)
    await once(child, 'exit')
  }
}

function hold(child: ChildProcess, how: 'ref' | 'unref'): void {
  child[how]()
  child.channel?.[how]()
  for (const stream of child.stdio) (stream as Socket | null)?.[how]?.()
}
