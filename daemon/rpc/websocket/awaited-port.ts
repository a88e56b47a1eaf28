/** `websocket-port` in the home: where clients are connected over WebSockets. Those of a daemon that has ended try there again, so the next one opens it for them. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'

export class AwaitedPort {
  readonly #file: string

  /** @param file absolute; it need not be there */
  constructor(file: string) {
    this.#file = file
  }

  /** null: nobody waits. */
  get port(): number | null {
    try {
      const port = Number(readFileSync(this.#file, 'utf8'))
      return Number.isInteger(port) && port > 0 && port < 65_536 ? port : null
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  keep(port: number): void {
    writeFileSync(this.#file, `${port}\n`, { mode: 0o600 })
  }

  /** Where it cannot be, the next daemon opens a port that nobody waits for. */
  forget(): void {
    try {
      rmSync(this.#file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
    }
  }
}
