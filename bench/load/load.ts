/** The harness's handle on the load process. */

import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Cores, endProcess, spawnPinned } from '../measure/pinned-process.ts'
import type { Commands } from './load-process.ts'
import type { OriginPorts } from './origin.ts'
import type { Scheme, Target } from './proxied-socket.ts'

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

type Params<C extends keyof Commands> = Parameters<Commands[C]>[0]
type Result<C extends keyof Commands> = Awaited<ReturnType<Commands[C]>>

export class Load {
  readonly child: ChildProcess
  ports: OriginPorts = { https: 0, h2: 0, http: 0 }
  /** PEM that the proxies must trust to reach the origin. */
  originCaPem = ''
  #calls = 0
  #waiting = new Map<number, Waiting>()

  private constructor(cores: Cores) {
    const script = fileURLToPath(new URL('./load-process.ts', import.meta.url))
    this.child = spawnPinned(cores, process.execPath, [script], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  }

  static async start(cores: Cores): Promise<Load> {
    const load = new Load(cores)
    await new Promise<void>((resolve, reject) => {
      load.child.once('message', () => resolve())
      load.child.once('exit', (code) => reject(new Error(`the load process ended: ${code}`)))
    })
    load.child.on('message', (message: { id: number; result?: unknown; error?: string }) => load.#settle(message))
    load.child.on('exit', () => load.#settleAll(new Error('the load process ended')))
    const { ports, caPem } = await load.call('origin', undefined)
    load.ports = ports
    load.originCaPem = caPem
    return load
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  /** The origin as seen through `proxy`, or directly. By address: a name would add each system's own way of looking it up. */
  target(scheme: Scheme, proxy: Target['proxy'], caPem = this.originCaPem): Target {
    return { scheme, proxy, caPem, origin: { host: '127.0.0.1', port: this.ports[scheme] } }
  }

  call<C extends keyof Commands>(command: C, params: Params<C>): Promise<Result<C>> {
    const id = ++this.#calls
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject })
      this.child.send({ id, command, params })
    })
  }

  stop(): Promise<void> {
    return endProcess(this.child)
  }

  #settle({ id, result, error }: { id: number; result?: unknown; error?: string }): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(error))
  }

  #settleAll(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error)
    this.#waiting.clear()
  }
}
