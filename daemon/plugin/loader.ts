/**
 * The plugin loader: built-in plugins and anybody's take the same way. It runs in the processes of plugins, and in the recorder for
 * built-in filters; the daemon's own threads never import other plugin code.
 */
import { pathToFileURL } from 'node:url'
import type { ParamError } from '../../sdk/errors.ts'
import { moduleName } from '../../sdk/plugin/module-name.ts'
import type { Manifest } from '../../sdk/plugin.ts'
import { pluginFailed, said } from './failure.ts'
import { checkManifest } from './manifest.ts'

/** Keywords with which a schema accepts the empty object. */
const harmless = new Set(['$schema', '$id', 'type', 'title', 'description', 'properties', 'additionalProperties', 'examples'])

/** New: imports the module and checks its manifest. @throws 1003 pluginFailed @param path absolute. */
export async function loadPlugin(path: string): Promise<Manifest> {
  const file = moduleName(path)
  let module: { default?: unknown }
  try {
    module = (await import(pathToFileURL(path).href)) as { default?: unknown }
  } catch (error) {
    throw pluginFailed(file, `its module does not load: ${said(error)}`)
  }
  return checkManifest(module.default, file)
}

/**
 * Validate: what is wrong with a config, and the schema's defaults filled in. The validator is only loaded where there is
 * something to validate.
 * @throws 1003 pluginFailed when the schema itself is broken.
 */
export async function checkConfig(manifest: Manifest, config: Record<string, unknown>): Promise<ParamError[]> {
  return Object.keys(config).length === 0 && acceptsNothing(manifest.config) ? [] : validate(manifest, config)
}

/** @throws 1003 pluginFailed when the config schema is broken. */
export async function checkSchema(manifest: Manifest): Promise<void> {
  await validate(manifest, {})
}

async function validate(manifest: Manifest, config: Record<string, unknown>): Promise<ParamError[]> {
  const { Validator } = await import('../../sdk/validation.ts')
  try {
    return new Validator().check(manifest.config, config)
  } catch (error) {
    throw pluginFailed(manifest.name, `its config schema is broken: ${said(error)}`)
  }
}

/** True when `{}` is valid and there is no default to fill in. */
function acceptsNothing(schema: object): boolean {
  const { type, properties = {} } = schema as { type?: unknown; properties?: object }
  if (type !== 'object' || !Object.keys(schema).every((key) => harmless.has(key))) return false
  return Object.values(properties).every((property) => typeof property === 'object' && property !== null && !('default' in property))
}
