/** What every plugin gets from weir. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PluginHost } from '../../sdk/plugin.ts'
import { said } from './failure.ts'

/** Of one run, target or filter. */
const logLines = 1000

/** @param job `dataRoot`: the plugins' own folders lie in it @param log lines as they may be told */
export async function pluginHost(
  { dataRoot }: { dataRoot: string },
  name: string,
  signal: AbortSignal,
  log: (line: string) => void,
): Promise<PluginHost> {
  const dataDir = join(dataRoot, name)
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  let logged = 0
  const limited = (message: string) => {
    if (++logged <= logLines) log(said(message))
  }
  return { log: limited, signal, dataDir }
}
