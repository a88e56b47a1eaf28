import { resolve } from 'node:path'
import type { SyncRule } from '../../../sdk/cookie/changes.ts'
import type { CommandRun } from '../command.ts'
import { type Context, withClient } from '../context.ts'
import { exits, UsageError } from '../exit.ts'
import { writeJsonLines } from '../json-output.ts'
import { type PluginFlag, type PluginSetting, pluginSettings } from '../plugin-flags.ts'
import { printable, printableJson } from '../printable.ts'
import { plural } from '../quantity.ts'

export const setSync: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const flags = given.values<PluginFlag>('to')
    if (flags.length === 0) throw new UsageError('name a target: weir sync set DOMAIN --to cookies-txt:path=cookies.txt')
    const targets = (await pluginSettings(client, 'cookie-sync', '--to', flags)).map(withAbsolutePath)
    const direction = given.text('direction') as SyncRule['direction'] | undefined
    const rule = await client.call('sync/set', { domain: given.required('domain'), targets, ...(direction && { direction }) })
    if (given.flag('json')) await context.out.line(printableJson(rule))
    else await show(context, [rule])
    return exits.done
  })

/** What the daemon is told does not depend on where its client stands. */
const withAbsolutePath = ({ plugin, config }: PluginSetting): PluginSetting => ({
  plugin,
  ...(config && { config: typeof config.path === 'string' ? { ...config, path: resolve(config.path) } : config }),
})

export const listSync: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const { items } = await client.call('sync/list', {})
    if (given.flag('json')) await writeJsonLines(context, items)
    else if (items.length === 0) await context.err.line('weir: there is no sync rule; make one with: weir sync set DOMAIN --to TARGET')
    else await show(context, items)
    return exits.done
  })

export const runSync: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const domain = given.argument('domain')
    const { items } = await client.call('sync/run', domain === undefined ? {} : { domain })
    if (given.flag('json')) await writeJsonLines(context, items)
    else await show(context, items)
    return items.some(({ targets }) => targets.some(({ error }) => error !== undefined)) ? exits.refused : exits.done
  })

export const deleteSync: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    await client.call('sync/delete', { domain: given.required('domain') })
    return exits.done
  })

async function show({ out }: Context, rules: readonly SyncRule[]): Promise<void> {
  for (const { domain, direction, cookies, targets, conflicts } of rules) {
    const lost = conflicts.length === 0 ? '' : `, ${plural(conflicts.length, 'older value')} not taken`
    await out.line(`${printable(domain)}  ${direction}, ${plural(cookies, 'cookie')}${lost}`)
    for (const { plugin, config, waiting, error } of targets) {
      const how = error === undefined ? (waiting === 0 ? 'in step' : `${plural(waiting, 'change')} on the way`) : `fails: ${error}`
      await out.line(`  ${printable(plugin)} ${printable(Object.values(config).join(' '))}  ${printable(how)}`)
    }
  }
}
