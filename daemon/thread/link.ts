/** Typed calls and notices between two threads over one MessagePort (or a Worker, which has the same surface). */

import type { MessagePort, Transferable, Worker } from 'node:worker_threads'
import { fromWire, toWire, unavailable, WeirError, type WireError } from '../../sdk/errors.ts'

type Handler = (params: never) => unknown
/** What one side answers: name -> (params) => result. Params and results are structured-cloneable. */
export type Surface = { [name: string]: Handler }

type ParamsOf<H> = H extends (params: infer P) => unknown ? P : never
type ResultOf<H> = H extends (params: never) => infer R ? Awaited<R> : never

type Message =
  | { call: number; name: string; params: unknown }
  | { answer: number; result?: unknown; error?: WireError }
  | { notice: string; params: unknown }

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

/** `Theirs`: the surface of the other side. */
export class ThreadLink<Theirs> {
  #port: MessagePort | Worker
  #handlers: Surface
  #fault: (error: unknown) => void
  #waiting = new Map<number, Waiting>()
  #calls = 0
  #closed: Error | null = null

  /** `fault` hears of what a handler threw that is no WeirError: the other side is told only that something failed. */
  constructor(port: MessagePort | Worker, handlers: Surface, fault: (error: unknown) => void) {
    this.#port = port
    this.#handlers = handlers
    this.#fault = fault
    port.on('message', (message: Message) => void this.#receive(message))
  }

  /** Rejects with the other side's WeirError, or 1005 threadLost when the link is closed meanwhile. */
  call<N extends keyof Theirs & string>(name: N, params: ParamsOf<Theirs[N]>, transfer: Transferable[] = []): Promise<ResultOf<Theirs[N]>> {
    if (this.#closed) return Promise.reject(this.#closed)
    const call = ++this.#calls
    return new Promise((resolve, reject) => {
      this.#waiting.set(call, { resolve: resolve as (result: unknown) => void, reject })
      this.#port.postMessage({ call, name, params } satisfies Message, transfer)
    })
  }

  /** Sends without an answer. */
  notify<N extends keyof Theirs & string>(name: N, params: ParamsOf<Theirs[N]>, transfer: Transferable[] = []): void {
    if (!this.#closed) this.#port.postMessage({ notice: name, params } satisfies Message, transfer)
  }

  /** What waits is rejected; later calls are, too. The port itself is its owner's. */
  close(reason = unavailable('threadLost', 'a thread of the daemon ended; it is being restarted, try again')): void {
    this.#closed = reason
    for (const { reject } of this.#waiting.values()) reject(reason)
    this.#waiting.clear()
  }

  async #receive(message: Message): Promise<void> {
    if ('answer' in message) {
      const waiting = this.#waiting.get(message.answer)
      this.#waiting.delete(message.answer)
      if (message.error) waiting?.reject(fromWire(message.error))
      else waiting?.resolve(message.result)
    } else if ('notice' in message) {
      try {
        await this.#handlers[message.notice]?.(message.params as never)
      } catch (error) {
        this.#fault(error)
      }
    } else {
      try {
        const result = await this.#handlers[message.name]?.(message.params as never)
        this.#port.postMessage({ answer: message.call, result } satisfies Message)
      } catch (error) {
        if (!(error instanceof WeirError)) this.#fault(error)
        this.#port.postMessage({ answer: message.call, error: toWire(error) } satisfies Message)
      }
    }
  }
}
