/** Makes a cookie-sync target of its module and checks what it gives back. */
import type { ParamError } from '../../../sdk/errors.ts'
import { checkTarget } from '../../../sdk/plugin/cookie-target.ts'
import type { CookieSyncManifest, CookieTarget, JarAccess, SourceCookies } from '../../../sdk/plugin.ts'
import { pluginFailed, said } from '../failure.ts'
import { checkConfig, loadPlugin } from '../loader.ts'
import { pluginHost } from '../plugin-host.ts'
import type { TargetJob } from './target-messages.ts'

export interface TargetSurroundings {
  jar(name: string): JarAccess
  source(source: string): SourceCookies
  log(line: string): void
}

export interface CreatedTarget {
  name: string
  target: CookieTarget
}

/** @throws 1003 pluginFailed @returns the target, or what is wrong with its config */
export async function createTarget(
  job: TargetJob,
  { jar, source, log }: TargetSurroundings,
): Promise<CreatedTarget | { invalid: ParamError[] }> {
  const { module, config } = job
  const manifest = await loadPlugin(module)
  if (manifest.kind !== 'cookie-sync') throw pluginFailed(manifest.name, `it is no cookie-sync plugin, but of the kind ${manifest.kind}`)
  const { name } = manifest
  const invalid = await checkConfig(manifest, config)
  if (invalid.length > 0) return { invalid }
  const end = new AbortController()
  const host = await pluginHost(job, name, end.signal, log)
  try {
    const target = checkTarget((manifest as CookieSyncManifest).create(config, { ...host, jar, source }))
    return { name, target: endedWith(target, end) }
  } catch (error) {
    throw pluginFailed(name, `it cannot be created: ${said(error)}`)
  }
}

/** Its signal is aborted when it is used no more. */
const endedWith = (target: CookieTarget, end: AbortController): CookieTarget => ({
  push: (changes, all) => target.push(changes, all),
  ...(target.pull && { pull: () => (target.pull as NonNullable<CookieTarget['pull']>)() }),
  ...(target.place && { place: () => (target.place as NonNullable<CookieTarget['place']>)() }),
  dispose: () => {
    end.abort()
    target.dispose?.()
  },
})
