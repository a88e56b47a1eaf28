/** Loads plugin modules to say what they are; none is created. */
import { toWire } from '../../sdk/errors.ts'
import type { FromExporter } from './exporter-messages.ts'
import { checkSchema, loadPlugin } from './loader.ts'
import { takeLoadedFiles } from './module-hooks.ts'

export async function listPlugins(modules: string[], send: (message: FromExporter) => void): Promise<void> {
  for (const module of modules) {
    try {
      const manifest = await loadPlugin(module)
      await checkSchema(manifest)
      const { kind, name, version, description, config } = manifest
      const follow = manifest.kind === 'exporter' && manifest.follow === true
      const isFolder = manifest.kind === 'exporter' && manifest.out === 'folder'
      send({
        module,
        files: takeLoadedFiles(),
        info: { kind, name, version, description, config, ...(follow && { follow }), ...(isFolder && { out: 'folder' as const }) },
      })
    } catch (error) {
      send({ module, files: takeLoadedFiles(), failure: toWire(error) })
    }
  }
}
