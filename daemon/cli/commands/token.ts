import type { ListedToken } from '../../../sdk/rights.ts'
import type { CommandRun } from '../command.ts'
import { withClient } from '../context.ts'
import { exits } from '../exit.ts'
import { writeJsonLines } from '../json-output.ts'
import { printable } from '../printable.ts'
import { formatDate } from '../quantity.ts'
import { fitColumns, table } from '../table.ts'

const columns = [
  { title: 'ID' },
  { title: 'NAME' },
  { title: 'ORIGIN' },
  { title: 'MADE' },
  { title: 'LAST USED' },
  { title: 'RIGHTS' },
] as const

const cells = ({ id, name, origin, createdAt, lastUsedAt, rights, connections }: ListedToken): string[] => [
  id,
  printable(name),
  origin === null ? '-' : printable(origin),
  formatDate(createdAt),
  connections > 0 ? 'now' : lastUsedAt === undefined ? '-' : formatDate(lastUsedAt),
  rights.join(', ') || 'none',
]

export const listTokens: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const { out, err } = context
    const { items } = await client.call('token/list', {})
    if (given.flag('json')) await writeJsonLines(context, items)
    else if (items.length === 0) await err.line('weir: nothing is paired; weir browser pair does that')
    else {
      const rows = items.map(cells)
      const layout = table(fitColumns(columns, rows), out.width)
      await out.write(`${[out.style('bold', layout.header()), ...rows.map((row) => layout.row(row))].join('\n')}\n`)
    }
    return exits.done
  })

export const revokeToken: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    await client.call('token/delete', { tokenId: given.required('token') })
    return exits.done
  })
