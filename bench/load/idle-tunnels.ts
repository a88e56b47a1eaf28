/** Tunnels that are open and silent: CONNECT and both handshakes done, nothing sent. */
import type { Socket } from 'node:net'
import { connectThrough, type Target } from './proxied-socket.ts'
import { getItem } from './tunnel-loop.ts'

/** Handshakes at a time. */
const concurrency = 32

export class IdleTunnels {
  #tunnels: { socket: Socket; target: Target }[] = []

  open(target: Target, count: number): Promise<void> {
    return inTurn(count, async () => {
      const socket = await connectThrough(target)
      // Idle sockets are read, so that their ends are seen when they come.
      socket.on('error', () => socket.destroy())
      this.#tunnels.push({ socket, target })
    })
  }

  /** One exchange through each: shows that all of them were alive. Rejects when one was not. */
  use(): Promise<void> {
    return inTurn(this.#tunnels.length, async (index) => {
      const tunnel = this.#tunnels[index]
      if (tunnel) await getItem(tunnel.socket, tunnel.target)
    })
  }

  close(): void {
    for (const { socket } of this.#tunnels) socket.destroy()
    this.#tunnels = []
  }
}

async function inTurn(count: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await task(next++)
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}
