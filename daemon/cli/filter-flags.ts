/** What `--filter` means for `filters` of session/start. */
import { resolve } from 'node:path'
import type { Client } from '../../sdk/client.ts'
import type { FilterSetting } from '../../sdk/model.ts'
import { UsageError } from './exit.ts'
import { pluginOptions } from './plugin-options.ts'

export interface FilterFlag {
  /** The name of a filter, or the path of its module. */
  plugin: string
  /** `key=value` each, or the whole config. */
  settings: string[] | Record<string, unknown>
}

export const filterForm = 'NAME[:KEY=VALUE,...]'

/** A comma begins the next setting only where a KEY= follows; all others belong to the value. */
const nextSetting = /,(?=[A-Za-z_][\w-]*=)/

/** `NAME`, `NAME:KEY=VALUE,KEY=VALUE` or `NAME:{...}`; a path (`./mine.ts`) in the place of NAME. */
export function parseFilter(text: string): FilterFlag {
  const [, plugin = '', settings] = /^(.+?)(?::(\{.*|[A-Za-z_][\w-]*=.*))?$/s.exec(text) ?? []
  if (plugin === '' || (plugin.includes(':') && !isPath(plugin)))
    throw new UsageError(`--filter takes ${filterForm}, not ${JSON.stringify(text)}`)
  if (settings?.startsWith('{')) return { plugin, settings: json(plugin, settings) }
  return { plugin, settings: settings?.split(nextSetting) ?? [] }
}

const isPath = (plugin: string): boolean => /[/\\]/.test(plugin)

function json(plugin: string, text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch (error) {
    throw new UsageError(`--filter ${plugin}: what follows is no JSON: ${(error as Error).message}`)
  }
}

/** Paths are relative to the caller's folder. */
export async function filtersOf(client: Client, flags: readonly FilterFlag[]): Promise<FilterSetting[]> {
  const hasTexts = flags.some(({ settings }) => Array.isArray(settings) && settings.length > 0)
  const { items } = hasTexts ? await client.call('plugin/list', { kind: 'filter' }) : { items: [] }
  return flags.map(({ plugin, settings }) => {
    const schema = items.find(({ name }) => name === plugin)?.config
    const config = Array.isArray(settings) ? pluginOptions(settings, schema, `--filter ${plugin}:`) : settings
    return { plugin: isPath(plugin) ? resolve(plugin) : plugin, ...(Object.keys(config).length > 0 && { config }) }
  })
}
