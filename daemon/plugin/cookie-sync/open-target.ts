/** Makes a cookie-sync target ready: a built-in one here, a user's in a process of its own. */
import { invalidParams } from '../../../sdk/errors.ts'
import type { CookieTarget } from '../../../sdk/plugin.ts'
import type { FoundModule } from '../plugin-directory.ts'
import { createTarget, type TargetSurroundings } from './create-target.ts'
import { startTarget } from './target-child.ts'

export interface TargetOpening extends TargetSurroundings {
  dataRoot: string
  compileCache: string | null
}

/** Rejects with -32602 invalidConfig, 1003 pluginFailed. */
export async function openTarget(
  { module, builtIn }: FoundModule,
  config: Record<string, unknown>,
  { dataRoot, compileCache, ...surroundings }: TargetOpening,
): Promise<CookieTarget> {
  // The schema's defaults are filled in.
  const job = { module, dataRoot, config: structuredClone(config) }
  if (!builtIn) return startTarget(job, surroundings, compileCache)
  const created = await createTarget(job, surroundings)
  if ('invalid' in created) throw invalidParams('invalidConfig', 'its config is not what it takes', created.invalid)
  return created.target
}
