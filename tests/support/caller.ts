/** Somebody at a command line: a home with a daemon, and an environment that trusts the tests' CA. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Client } from '../../sdk/client.ts'
import type { Environment, Home } from '../../sdk/home.ts'
import { testCa } from './certificates.ts'
import { type Ended, type RunOptions, weir } from './command-line.ts'
import { startDaemon } from './daemon.ts'
import { temporaryHome } from './home.ts'

export interface Caller {
  env: Environment
  home: Home
  client: Client
  /** Of the daemon. */
  pid: number
  /** A folder to write in. */
  folder: string
  weir(words: readonly string[], options?: Partial<RunOptions>): Promise<Ended>
  /** What a command prints with --json, a value for each line. It must succeed and complain of nothing. */
  json(...words: string[]): Promise<unknown[]>
}

export async function startCaller(): Promise<Caller> {
  const folder = await temporaryHome()
  const ca = join(folder, 'origins.pem')
  await writeFile(ca, (await testCa()).certificate)
  const daemon = await startDaemon()
  const env = { ...daemon.env, NODE_EXTRA_CA_CERTS: ca }
  return {
    env,
    home: daemon.home,
    client: daemon.client,
    pid: daemon.pid,
    folder,
    weir: (words, options) => weir(words, { env, ...options }),
    async json(...words) {
      const { code, stdout, stderr } = await weir([...words, '--json'], { env })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      return stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as unknown)
    },
  }
}
