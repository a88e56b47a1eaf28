/** What a plugin's manifest has to be: the loader and the test kit check it alike. */
import { type Manifest, pluginApi } from '../plugin.ts'

export const pluginKinds = ['exporter', 'filter', 'cookie-sync', 'source'] as const satisfies readonly Manifest['kind'][]

const known = ['kind', 'name', 'version', 'api', 'description', 'config', 'create']
/** Of one kind only. */
const knownOf: { readonly [kind: string]: readonly string[] } = {
  filter: ['onError'],
  exporter: ['redaction', 'follow', 'mediaType', 'out'],
}
const namePattern = /^[a-z0-9][a-z0-9-]{0,63}$/
const mediaTypePattern = /^[\w.+-]+\/[\w.+-]+(?: *; *[\w.+-]+=[\w.+-]+)*$/
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

export const isPluginName = (name: unknown): name is string => typeof name === 'string' && namePattern.test(name)
export const pluginNameRule = 'name must be lower case letters, digits and dashes, at most 64'

/** Everything that is wrong with it; empty when it is a Manifest. */
export function manifestFaults(value: unknown): string[] {
  return isObject(value) ? [...wrongWith(value)] : ['its default export is not a manifest object (see docs/plugins.md)']
}

function* wrongWith(value: Record<string, unknown>): Generator<string> {
  if (value.api !== pluginApi) yield `api must be ${pluginApi}, the version of the plugin contract that this weir speaks`
  if (!(pluginKinds as readonly unknown[]).includes(value.kind)) yield `kind must be one of ${pluginKinds.join(', ')}`
  if (!isPluginName(value.name)) yield pluginNameRule
  if (typeof value.version !== 'string' || value.version === '') yield 'version must be text'
  if (typeof value.description !== 'string') yield 'description must be text'
  if (!isObject(value.config)) yield 'config must be a JSON Schema object'
  if (typeof value.create !== 'function') yield 'create must be a function'
  if (value.onError !== undefined && value.onError !== 'keep' && value.onError !== 'drop') yield "onError must be 'keep' or 'drop'"
  if (value.redaction !== undefined && value.redaction !== 'off' && value.redaction !== 'standard')
    yield "redaction must be 'off' or 'standard'"
  if (value.follow !== undefined && typeof value.follow !== 'boolean') yield 'follow must be true or false'
  if (value.out !== undefined && value.out !== 'file' && value.out !== 'folder') yield "out must be 'file' or 'folder'"
  if (value.out === 'folder' && value.follow === true) yield 'follow goes with one stream: an exporter that writes a folder has none'
  if (value.mediaType !== undefined && !(typeof value.mediaType === 'string' && mediaTypePattern.test(value.mediaType)))
    yield "mediaType must be one, such as 'application/x-ndjson'"
  const keys = [...known, ...(knownOf[String(value.kind)] ?? [])]
  const unknown = Object.keys(value).filter((key) => !keys.includes(key))
  if (unknown.length > 0) yield `unknown key ${unknown.join(', ')}: the known ones are ${keys.join(', ')}`
}
