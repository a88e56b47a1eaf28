import type { Session } from '../../../sdk/model.ts'
import type { CommandRun } from '../command.ts'
import { withClient } from '../context.ts'
import { exits } from '../exit.ts'
import { writeJsonLines } from '../json-output.ts'
import { printable } from '../printable.ts'
import { formatBytes, formatDate } from '../quantity.ts'
import { listSessions } from '../session-argument.ts'
import { fitColumns, table } from '../table.ts'

const columns = [
  { title: 'ID' },
  { title: 'STATE' },
  { title: 'STARTED' },
  { title: 'EXCHANGES', align: 'right' },
  { title: 'FAILED', align: 'right' },
  { title: 'GAPS', align: 'right' },
  { title: 'BYTES', align: 'right' },
  { title: 'PROXY' },
  { title: 'NAME' },
] as const

const cells = ({ id, state, startedAt, counts, proxy, name }: Session): string[] => [
  printable(id),
  state,
  formatDate(startedAt),
  String(counts.exchanges),
  String(counts.failed),
  String(counts.gaps),
  formatBytes(counts.bytesSent + counts.bytesReceived),
  proxy ? printable(`${proxy.host}:${proxy.port}`) : '-',
  printable(name),
]

export const sessions: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const items = await listSessions(client)
    if (given.flag('json')) {
      await writeJsonLines(context, items)
      return exits.done
    }
    if (items.length === 0) {
      await context.err.line('there is no session yet; start one with: weir capture')
      return exits.done
    }
    const rows = items.map(cells)
    const layout = table(fitColumns(columns, rows), context.out.width)
    await context.out.write(`${[context.out.style('bold', layout.header()), ...rows.map((row) => layout.row(row))].join('\n')}\n`)
    return exits.done
  })
