/** Ending the daemon, and waiting for its end. */
import { setTimeout } from 'node:timers/promises'
import type { Client } from '../../sdk/client.ts'
import { WeirError } from '../../sdk/errors.ts'
import { CommandFailed } from './exit.ts'

/** The daemon promises 5 s; a machine that is busy with other things gives it less than that. */
const patienceMs = 15_000

/** Resolves when its process is gone. */
export async function stopDaemon(client: Client): Promise<void> {
  const { pid } = client.initialized.daemon
  // A daemon that ends may do so before its answer has left: what counts is whether it is gone.
  await client.call('daemon/stop', {}).catch((error: unknown) => {
    if (!(error instanceof WeirError && error.reason === 'connectionLost')) throw error
  })
  await client.closed
  if (!(await gone(pid))) throw new CommandFailed(`weir (pid ${pid}) closed its socket and has not ended yet; its log says more`)
}

async function gone(pid: number): Promise<boolean> {
  const deadline = Date.now() + patienceMs
  while (Date.now() < deadline) {
    try {
      process.kill(pid, 0)
    } catch {
      return true
    }
    await setTimeout(20)
  }
  return false
}
