import { moduleName } from '../../../sdk/plugin/module-name.ts'
import type { PluginInfo } from '../../../sdk/plugin-info.ts'
import type { Result } from '../../../sdk/protocol.ts'
import type { CommandRun } from '../command.ts'
import { type Context, withClient } from '../context.ts'
import { exits } from '../exit.ts'
import { writeJsonLines } from '../json-output.ts'
import { printable } from '../printable.ts'
import { plural } from '../quantity.ts'
import { fitColumns, table } from '../table.ts'

type List = Result<'plugin/list'>

const columns = [{ title: 'KIND' }, { title: 'NAME' }, { title: 'VERSION' }, { title: 'FROM' }, { title: 'DESCRIPTION' }] as const

const cells = ({ kind, name, version, module, description }: PluginInfo): string[] => [
  kind,
  name,
  printable(version),
  module === undefined ? 'built-in' : printable(moduleName(module)),
  printable(description),
]

export const listPlugins: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const { items, faults } = await client.call('plugin/list', {})
    if (given.flag('json')) await writeJsonLines(context, items)
    else await writeTable(context, items)
    await tellFaults(context, faults)
    return exits.done
  })

async function writeTable({ out }: Context, items: List['items']): Promise<void> {
  const rows = items.map(cells)
  const layout = table(fitColumns(columns, rows), out.width)
  await out.write(`${[out.style('bold', layout.header()), ...rows.map((row) => layout.row(row))].join('\n')}\n`)
}

async function tellFaults({ err, home }: Context, faults: List['faults']): Promise<void> {
  if (faults.length === 0) return
  for (const { message, module } of faults) await err.line(`weir: ${printable(message)} (${printable(module)})`)
  const what = faults.length === 1 ? 'it' : 'them'
  await err.line(
    `weir: ${plural(faults.length, 'module')} cannot be used: correct ${what}, or take ${what} out of plugins in ${printable(home.configuration)}`,
  )
}
