/** The strict check of what a plugin module exports. */

import { isPluginName, manifestFaults } from '../../sdk/plugin/manifest.ts'
import type { Manifest } from '../../sdk/plugin.ts'
import { pluginFailed } from './failure.ts'

/**
 * The manifest, or 1003 pluginFailed that says everything that is wrong with it.
 * @param file the module's file name, which names the plugin while it has no usable name.
 */
export function checkManifest(value: unknown, file: string): Manifest {
  const wrong = manifestFaults(value)
  if (wrong.length === 0) return value as Manifest
  const { name } = (value ?? {}) as { name?: unknown }
  throw pluginFailed(isPluginName(name) ? name : file, wrong.join('; '))
}
