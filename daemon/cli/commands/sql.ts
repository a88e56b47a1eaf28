import type { CommandRun } from '../command.ts'
import { withClient } from '../context.ts'
import { exits } from '../exit.ts'
import { printable, printableJson } from '../printable.ts'
import { resolveSession } from '../session-argument.ts'
import { fitColumns, table } from '../table.ts'

export const sql: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const { id } = await resolveSession(client, given.required('session'))
    const limit = given.number('limit')
    const { columns, rows, more } = await client.call('query/sql', {
      sessionId: id,
      sql: given.required('sql'),
      ...(limit !== undefined && { limit }),
    })
    if (given.flag('json')) {
      for (const row of rows) await context.out.line(printableJson(Object.fromEntries(columns.map((name, index) => [name, row[index]]))))
    } else {
      const cells = rows.map((row) => row.map(cell))
      const titles = columns.map((name, index) => ({ title: printable(name), align: alignOf(rows, index) }))
      const layout = table(fitColumns(titles, cells), Infinity)
      await context.out.write(`${[context.out.style('bold', layout.header()), ...cells.map((row) => layout.row(row))].join('\n')}\n`)
    }
    if (more) await context.err.line('weir: there are more rows; ask for more with --limit')
    return exits.done
  })

const alignOf = (rows: readonly unknown[][], column: number): 'left' | 'right' =>
  rows.length > 0 && rows.every((row) => typeof row[column] === 'number' || row[column] === null) ? 'right' : 'left'

function cell(value: unknown): string {
  if (value === null) return '-'
  if (typeof value === 'object') return `${Buffer.from((value as { base64: string }).base64, 'base64').length} bytes`
  return printable(String(value))
}
