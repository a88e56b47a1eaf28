/** In a thread under test: stands still when it is sent the notice `wait`, until `released`. */
import { parentPort } from 'node:worker_threads'

/** An Int32Array: not 0 when the thread may go on. */
export interface Wait {
  released: SharedArrayBuffer
}

export function waitOnRequest(): void {
  parentPort?.on('message', ({ notice, params }: { notice?: string; params: Wait }) => {
    if (notice === 'wait') Atomics.wait(new Int32Array(params.released), 0, 0)
  })
}

export function release({ released }: Wait): void {
  const flag = new Int32Array(released)
  Atomics.store(flag, 0, 1)
  Atomics.notify(flag, 0)
}
