/** weir as a user drives it: its own home, `weir start` in the background, JSON-RPC over its socket. */

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Client, connect } from '../../sdk/client.ts'
import { homeAt } from '../../sdk/home.ts'
import type { Session } from '../../sdk/model.ts'
import type { Method, Params, Result } from '../../sdk/protocol.ts'
import { type Cores, spawnPinned } from '../measure/pinned-process.ts'

export const weirScript = fileURLToPath(new URL('../../daemon/weir.js', import.meta.url))

/** Daemons outlive whoever started them: those of a bench that is interrupted must not. */
const running = new Set<number>()
process.on('exit', () => {
  for (const pid of running) if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL')
})

export class WeirDaemon {
  readonly home: string
  readonly pid: number
  readonly #client: Client

  private constructor(home: string, pid: number, client: Client) {
    this.home = home
    this.pid = pid
    this.#client = client
  }

  /** Returns once the daemon answers. A home that was used before is a second start. */
  static async start(home: string, cores: Cores): Promise<WeirDaemon> {
    mkdirSync(home, { recursive: true, mode: 0o700 })
    const command = spawnPinned(cores, process.execPath, [weirScript, 'start'], {
      env: { ...process.env, WEIR_HOME: home },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const [code] = (await once(command, 'exit')) as [number | null]
    if (code !== 0) throw new Error(`weir start ended with ${code}`)
    return WeirDaemon.attach(home)
  }

  /** To a daemon that already runs there. */
  static async attach(home: string): Promise<WeirDaemon> {
    const client = await connect({ home: homeAt(home) })
    const { pid } = client.initialized.daemon
    running.add(pid)
    return new WeirDaemon(home, pid, client)
  }

  /** Another client, for those that listen or are to be delayed. */
  client(): Promise<Client> {
    return connect({ home: homeAt(this.home) })
  }

  call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    return this.#client.call(method, params)
  }

  /** A session on a free port that trusts the bench's origin (PEM, or empty for none) and decrypts nothing of the hosts to bypass. */
  startSession(name: string, originCaPem: string, bypass: string[] = [], more: Params<'session/start'> = {}): Promise<Session> {
    return this.call('session/start', { name, proxy: { port: 0 }, tls: { bypass, ...(originCaPem && { ca: originCaPem }) }, ...more })
  }

  session(sessionId: string): Promise<Session> {
    return this.call('session/get', { sessionId })
  }

  /** A stored body as it passed, in pages of 4 MiB. */
  async *readBody(sessionId: string, seq: number, part: 'request' | 'response'): AsyncIterable<Buffer> {
    for (let offset = 0; ; ) {
      const params = { sessionId, seq, part, offset, length: 4 * 1024 * 1024 }
      const { data, eof } = await this.call('exchange/readBody', params)
      const bytes = Buffer.from(data, 'base64')
      if (bytes.length) yield bytes
      if (eof) return
      if (!bytes.length) throw new Error(`${part} body of ${seq} has neither more bytes nor an end at ${offset}`)
      offset += bytes.length
    }
  }

  get caPem(): string {
    return readFileSync(homeAt(this.home).caCertificate, 'utf8')
  }

  /** Moves all threads of the running daemon to other cores. */
  pin(cores: Cores): void {
    execFileSync('taskset', ['-acp', cores, String(this.pid)], { stdio: 'ignore' })
  }

  /** Returns once its process is gone. */
  async stop(): Promise<void> {
    await this.call('daemon/stop', {}).catch(() => undefined)
    await this.#client.close()
    for (let waited = 0; existsSync(`/proc/${this.pid}`); waited += 20) {
      if (waited > 10_000) throw new Error(`the daemon ${this.pid} did not stop`)
      await delay(20)
    }
    running.delete(this.pid)
  }
}
