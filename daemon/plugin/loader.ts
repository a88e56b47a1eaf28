/**
 * The plugin loader: built-in plugins and anybody's take the same way. It runs in the plugin process alone; the daemon's
 * own threads never import plugin code.
 */
import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ParamError } from '../../sdk/errors.ts'
import type { Manifest } from '../../sdk/plugin.ts'
import { pluginFailed, said } from './failure.ts'
import { checkManifest } from './manifest.ts'

const folders = ['filters', 'exporters', 'cookie-sync']
const extension = extname(import.meta.url)
/** Keywords with which a schema accepts the empty object. */
const harmless = new Set(['$schema', '$id', 'type', 'title', 'description', 'properties', 'additionalProperties', 'examples'])

/** Modules of the built-in plugins, absolute paths in a stable order; the file name is the plugin's name. A folder beside a module holds its parts. */
export async function builtInModules(root = fileURLToPath(new URL('../../plugins', import.meta.url))): Promise<string[]> {
  const found = await Promise.all(folders.map((folder) => readdir(`${root}/${folder}`, { withFileTypes: true }).catch(whenMissing)))
  return found
    .flatMap((entries, at) => entries.filter((entry) => entry.isFile()).map(({ name }) => `${root}/${folders[at]}/${name}`))
    .filter((path) => path.endsWith(extension) && !path.endsWith('.d.ts'))
    .sort()
}

const whenMissing = (error: NodeJS.ErrnoException) => {
  if (error.code === 'ENOENT') return []
  throw error
}

/** A user's plugins: the module itself, or all modules right in a folder. @param path absolute */
export async function modulesAt(path: string): Promise<string[]> {
  const info = await stat(path).catch(() => null)
  if (!info?.isDirectory()) return [path]
  const entries = await readdir(path, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && isModule(entry.name))
    .map(({ name }) => join(path, name))
    .sort()
}

const isModule = (name: string) => /\.(?:ts|mts|js|mjs)$/.test(name) && !/\.d\.m?ts$/.test(name)

export const pluginFile = (path: string): string => basename(path)

/** New: imports the module and checks its manifest. @throws 1003 pluginFailed @param path absolute. */
export async function loadPlugin(path: string): Promise<Manifest> {
  const file = pluginFile(path)
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
