/** The world of a command: where it writes, what it reads, how it gets at the daemon. */
import type { Readable } from 'node:stream'
import type { Client } from '../../sdk/client.ts'
import type { Introduction } from '../../sdk/client-core.ts'
import { WeirError } from '../../sdk/errors.ts'
import type { Environment, Home } from '../../sdk/home.ts'
import { version } from '../../sdk/version.ts'
import { noDaemon } from './exit.ts'
import type { Output } from './output.ts'

export interface Context {
  in: Readable
  out: Output
  err: Output
  env: Environment
  home: Home
  /** Starts the daemon when none runs; rejects with NoDaemon. The caller closes the client. */
  connect(): Promise<Client>
  /** Null when none runs. */
  connectRunning(options?: Pick<Introduction, 'protocol'>): Promise<Client | null>
}

const client = { name: 'weir-cli', version: version() }

export function connector(home: Home, env: Environment): Pick<Context, 'connect' | 'connectRunning'> {
  return {
    async connect() {
      const { connectOrStart } = await import('../../sdk/daemon-process.ts')
      return connectOrStart({ home, env, client }).catch(noDaemon)
    },
    async connectRunning(options = {}) {
      const { connect } = await import('../../sdk/client.ts')
      return connect({ home, client, ...options }).catch((error: unknown) => {
        if (error instanceof WeirError && error.reason === 'daemonUnreachable') return null
        return noDaemon(error)
      })
    },
  }
}

/** Runs `work` with a client and closes it afterwards, whatever happens. */
export async function withClient<T>(context: Context, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await context.connect()
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}
