/** Asks for the processes behind connections from this machine. The proxy sends a list and hears the answers later; it never waits. */
import type { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import type { Client, ClientProcess } from '../../sdk/model.ts'
import type { Answer, Asked } from '../client-process/surface.ts'
import { entry } from '../thread/entry.ts'
import { isLoopback } from './loop-guard.ts'

/** Who hears the answer: null when there is none, in time or at all. */
export type Heard = (process: ClientProcess | null) => void

/** The longest that an answer is waited for, ms. */
const patienceMs = 1_000
/** More connections than these do not wait at a time: the rest is not asked for. */
const mostWaiting = 4_096
/** After the thread has failed it is started again at the earliest then, ms. */
const restartMs = 10_000

interface Waiting {
  heard: Heard
  until: number
}

const platforms: readonly NodeJS.Platform[] = ['linux', 'darwin']

export class ClientProcesses {
  #warn: (message: string, error: string) => void
  #worker: Worker | null = null
  #restartAt = 0
  /** Oldest first. */
  #waiting = new Map<number, Waiting>()
  #asked: Asked[] = []
  #ids = 0
  #timer: NodeJS.Timeout | null = null

  constructor(warn: (message: string, error: string) => void) {
    this.#warn = warn
  }

  /** Resolves when the thread is ready: a client that leaves at once is found only by one that runs already. */
  async start(): Promise<void> {
    if (!platforms.includes(process.platform)) return
    const worker = this.#thread()
    await new Promise<void>((resolve) => {
      worker.once('message', () => resolve())
      worker.once('exit', () => resolve())
    })
  }

  /** False: there will be no answer, because the client is on another machine or nobody can know here. */
  ask(socket: Socket, client: Client, heard: Heard): boolean {
    const { localAddress, localPort } = socket
    if (!platforms.includes(process.platform) || localAddress === undefined || localPort === undefined) return false
    if (client.address !== localAddress && !isLoopback(client.address)) return false
    if (this.#waiting.size >= mostWaiting || performance.now() < this.#restartAt) return false
    const id = ++this.#ids
    this.#waiting.set(id, { heard, until: performance.now() + patienceMs })
    this.#timer ??= setTimeout(() => this.#giveUp(), patienceMs)
    this.#asked.push({ id, client: { address: client.address, port: client.port }, proxy: { address: localAddress, port: localPort } })
    if (this.#asked.length === 1) setImmediate(() => this.#send())
    return true
  }

  #send(): void {
    const asked = this.#asked
    this.#asked = []
    this.#thread().postMessage(asked)
  }

  #thread(): Worker {
    if (this.#worker !== null) return this.#worker
    const worker = new Worker(entry(import.meta.url, '../client-process/thread'), { name: 'client-process' })
    worker.unref()
    worker.on('message', ({ answers = [], fault }: { answers?: Answer[]; fault?: string }) => {
      for (const { id, process } of answers) this.#hear(id, process)
      if (fault !== undefined) this.#warn('the process of a client could not be looked up', fault)
    })
    worker.on('error', (error) => this.#warn('the thread that looks up clients ended', String(error)))
    worker.once('exit', () => {
      this.#worker = null
      this.#restartAt = performance.now() + restartMs
      for (const id of [...this.#waiting.keys()]) this.#hear(id, null)
    })
    this.#worker = worker
    return worker
  }

  #hear(id: number, process: ClientProcess | null): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    waiting?.heard(process)
  }

  #giveUp(): void {
    this.#timer = null
    const now = performance.now()
    for (const [id, { until }] of this.#waiting) {
      if (until > now) {
        this.#timer = setTimeout(() => this.#giveUp(), until - now)
        return
      }
      this.#hear(id, null)
    }
  }
}
