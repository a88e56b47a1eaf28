/** What an exporter gets from weir beside its exchanges. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PluginHost } from '../../sdk/plugin.ts'
import type { FromExporter } from './exporter-messages.ts'
import { said } from './failure.ts'

/** Of one run. */
const logLines = 1000

/** @param job `dataRoot`: the plugins' own folders lie in it */
export async function pluginHost(
  job: { dataRoot: string },
  name: string,
  signal: AbortSignal,
  send: (message: FromExporter) => void,
): Promise<PluginHost> {
  const dataDir = join(job.dataRoot, name)
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  let logged = 0
  const log = (message: string) => {
    if (++logged <= logLines) send({ log: said(message) })
  }
  return { log, signal, dataDir }
}
