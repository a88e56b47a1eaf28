/** Makes a filter of its module and checks what it gives back. */
import type { ParamError } from '../../../sdk/errors.ts'
import { checkAnswer, checkFilter } from '../../../sdk/plugin/filter.ts'
import type { ApplyingFilter, Filter, FilterManifest, PluginHost } from '../../../sdk/plugin.ts'
import { pluginFailed, said } from '../failure.ts'
import { checkConfig, loadPlugin } from '../loader.ts'
import { pluginHost } from '../plugin-host.ts'
import type { FilterJob } from './filter-messages.ts'
import type { FilterWork, OnError } from './filter-step.ts'

export interface CreatedFilter {
  name: string
  onError: OnError
  filter: Filter
  /** Aborts the signal of its host. */
  stop(): void
}

/** @throws 1003 pluginFailed @returns the filter, or what is wrong with its config. */
export async function createFilter(job: FilterJob, log: (line: string) => void): Promise<CreatedFilter | { invalid: ParamError[] }> {
  const manifest = await loadPlugin(job.module)
  if (manifest.kind !== 'filter') throw pluginFailed(manifest.name, `it is an ${manifest.kind}, not a filter`)
  const invalid = await checkConfig(manifest, job.config)
  if (invalid.length > 0) return { invalid }
  const { name, onError = 'drop' } = manifest as FilterManifest
  const end = new AbortController()
  const filter = create(manifest as FilterManifest, job.config, await pluginHost(job, name, end.signal, log))
  return { name, onError, filter, stop: () => end.abort() }
}

function create(manifest: FilterManifest, config: unknown, host: PluginHost): Filter {
  try {
    return checkFilter(manifest.create(config, host))
  } catch (error) {
    throw pluginFailed(manifest.name, `it cannot be created: ${said(error)}`)
  }
}

/** A filter called right here. */
export function workOf(filter: ApplyingFilter, stop: () => void): FilterWork {
  return {
    apply: (exchange) => checkAnswer(filter.apply(exchange)),
    dispose: () => {
      stop()
      filter.dispose?.()
    },
  }
}
