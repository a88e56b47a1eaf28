/** In a thread under test: ends at once when it is sent the notice `die`. */
import { parentPort } from 'node:worker_threads'

export function dieOnRequest(): void {
  parentPort?.on('message', (message: { notice?: string }) => {
    if (message.notice === 'die') process.exit(1)
  })
}
