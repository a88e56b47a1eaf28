/** The strict check of what a plugin module exports. */
import { type Manifest, pluginApi } from '../../sdk/plugin.ts'
import { pluginFailed } from './failure.ts'

const kinds: readonly string[] = ['exporter'] satisfies Manifest['kind'][]
const known = ['kind', 'name', 'version', 'api', 'description', 'config', 'configType', 'create']
const namePattern = /^[a-z0-9][a-z0-9-]{0,63}$/
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The manifest, or 1003 pluginFailed that says everything that is wrong with it.
 * @param file the module's file name, which names the plugin while it has no usable name.
 */
export function checkManifest(value: unknown, file: string): Manifest {
  if (!isObject(value)) throw pluginFailed(file, 'its default export is not a manifest object (see docs/plugins.md)')
  const wrong = [...wrongWith(value)]
  const name = typeof value.name === 'string' && namePattern.test(value.name) ? value.name : file
  if (wrong.length > 0) throw pluginFailed(name, wrong.join('; '))
  return value as unknown as Manifest
}

function* wrongWith(value: Record<string, unknown>): Generator<string> {
  if (value.api !== pluginApi) yield `api must be ${pluginApi}, the version of the plugin contract that this weir speaks`
  if (typeof value.kind !== 'string' || !kinds.includes(value.kind)) yield `kind must be one of ${kinds.join(', ')}`
  if (typeof value.name !== 'string' || !namePattern.test(value.name))
    yield 'name must be lower case letters, digits and dashes, at most 64'
  if (typeof value.version !== 'string' || value.version === '') yield 'version must be text'
  if (typeof value.description !== 'string') yield 'description must be text'
  if (!isObject(value.config)) yield 'config must be a JSON Schema object'
  if (typeof value.create !== 'function') yield 'create must be a function'
  const unknown = Object.keys(value).filter((key) => !known.includes(key))
  if (unknown.length > 0) yield `unknown key ${unknown.join(', ')}: the known ones are ${known.join(', ')}`
}
