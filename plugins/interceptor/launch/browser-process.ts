/** A browser that was started here: it ends with this process, and says how it ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

/** For its words when it does not start. */
const lastBytes = 4096

export class BrowserProcess {
  readonly #child: ChildProcess
  /** Resolves with how it ended. */
  readonly ended: Promise<string>
  /** Its children hold its streams, too: without them nothing of its profile is written any more. */
  readonly #gone: Promise<void>
  #isOver = false
  #words = ''

  /** It stays in the process group, which is ended as a whole. */
  constructor(path: string, args: readonly string[]) {
    this.#child = spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'], windowsHide: false })
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#words = (this.#words + chunk.toString('latin1')).slice(-lastBytes)
    })
    this.#gone = new Promise((resolve) => this.#child.once('close', () => resolve()))
    const kill = () => void this.#child.kill('SIGKILL')
    process.once('exit', kill)
    this.ended = new Promise<string>((resolve) => {
      this.#child.once('error', (error) => resolve(`it could not be started: ${error.message}`))
      this.#child.once('exit', (code, signal) => resolve(this.#howItEnded(code, signal)))
    }).finally(() => {
      this.#isOver = true
      process.off('exit', kill)
    })
  }

  /** Its descriptors 3 and 4. */
  get pipe(): { input: Writable; output: Readable } {
    const [, , , input, output] = this.#child.stdio
    return { input: input as Writable, output: output as Readable }
  }

  /** Asks it to end by a signal. */
  terminate(): void {
    this.#child.kill('SIGTERM')
  }

  /** In order when it can, by force when that takes longer. @param ask asks it to */
  async end(ask: () => void, withinMs: number): Promise<void> {
    if (!this.#isOver) {
      ask()
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), withinMs)
      await this.ended
      clearTimeout(timer)
    }
    await Promise.race([this.#gone, soon()])
  }

  #howItEnded(code: number | null, signal: string | null): string {
    if (code === 0) return 'the browser was closed'
    const line = this.#words
      .split('\n')
      .map((one) => one.trim())
      .findLast((one) => one !== '')
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`
    return `the browser ended ${how}${line === undefined ? '' : `: ${line}`}`
  }
}

const soon = () => new Promise<void>((resolve) => setTimeout(resolve, 1_000).unref())
