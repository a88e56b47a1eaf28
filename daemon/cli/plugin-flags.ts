/** Options that name plugins with their settings: `--filter` for `filters` of session/start, `--to` for `targets` of sync/set. */
import { resolve } from 'node:path'
import type { Client } from '../../sdk/client.ts'
import type { Manifest } from '../../sdk/plugin.ts'
import { UsageError } from './exit.ts'
import { pluginOptions } from './plugin-options.ts'

export interface PluginFlag {
  /** The name of a plugin, or the path of its module. */
  plugin: string
  /** `key=value` each, or the whole config. */
  settings: string[] | Record<string, unknown>
}

export const pluginForm = 'NAME[:KEY=VALUE,...]'

/** A comma begins the next setting only where a KEY= follows; all others belong to the value. */
const nextSetting = /,(?=[A-Za-z_][\w-]*=)/

export interface PluginSetting {
  plugin: string
  config?: Record<string, unknown>
}

/** `NAME`, `NAME:KEY=VALUE,KEY=VALUE` or `NAME:{...}`; a path (`./mine.ts`) in the place of NAME. @param option as it is written, for errors */
export const parsePlugin =
  (option: string) =>
  (text: string): PluginFlag => {
    const [, plugin = '', settings] = /^(.+?)(?::(\{.*|[A-Za-z_][\w-]*=.*))?$/s.exec(text) ?? []
    if (plugin === '' || (plugin.includes(':') && !isPath(plugin)))
      throw new UsageError(`${option} takes ${pluginForm}, not ${JSON.stringify(text)}`)
    if (settings?.startsWith('{')) return { plugin, settings: json(option, plugin, settings) }
    return { plugin, settings: settings?.split(nextSetting) ?? [] }
  }

const isPath = (plugin: string): boolean => /[/\\]/.test(plugin)

function json(option: string, plugin: string, text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch (error) {
    throw new UsageError(`${option} ${plugin}: what follows is no JSON: ${(error as Error).message}`)
  }
}

/** Paths of modules are relative to the caller's folder. */
export async function pluginSettings(
  client: Client,
  kind: Manifest['kind'],
  option: string,
  flags: readonly PluginFlag[],
): Promise<PluginSetting[]> {
  const hasTexts = flags.some(({ settings }) => Array.isArray(settings) && settings.length > 0)
  const { items } = hasTexts ? await client.call('plugin/list', { kind }) : { items: [] }
  return flags.map(({ plugin, settings }) => {
    const schema = items.find(({ name }) => name === plugin)?.config
    const config = Array.isArray(settings) ? pluginOptions(settings, schema, `${option} ${plugin}:`) : settings
    return { plugin: isPath(plugin) ? resolve(plugin) : plugin, ...(Object.keys(config).length > 0 && { config }) }
  })
}
