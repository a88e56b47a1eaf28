/** Groups of exchanges as lines of `weir overview` and of the live table. */
import type { Result } from '../../sdk/protocol.ts'
import type { Output } from './output.ts'
import { printableBytes } from './printable.ts'
import { formatBytes, formatDuration, plural } from './quantity.ts'
import { type Column, table } from './table.ts'

export type Overview = Result<'session/overview'>
/** What a group and the total have in common. */
type Line = Omit<Overview['rest'] & object, 'groups'> & Partial<Pick<Overview['total'], 'durationMs'>>

interface OverviewColumn extends Column {
  /** Terminals narrower than this do without it. */
  from?: number
  cell(line: Line): string
}

const duration = (line: Line, percentile: 'p50' | 'p90' | 'p99' | 'max'): string =>
  line.durationMs ? formatDuration(line.durationMs[percentile]) : '-'

const columns: readonly OverviewColumn[] = [
  { title: 'COUNT', align: 'right', width: 9, cell: ({ exchanges }) => exchanges.toLocaleString('en') },
  { title: 'FAILED', align: 'right', width: 7, cell: ({ failed }) => failed.toLocaleString('en') },
  { title: 'SENT', align: 'right', width: 7, from: 100, cell: ({ bytesSent }) => formatBytes(bytesSent) },
  { title: 'RECEIVED', align: 'right', width: 8, cell: ({ bytesReceived }) => formatBytes(bytesReceived) },
  { title: 'P50', align: 'right', width: 8, cell: (line) => duration(line, 'p50') },
  { title: 'P90', align: 'right', width: 8, from: 100, cell: (line) => duration(line, 'p90') },
  { title: 'P99', align: 'right', width: 8, cell: (line) => duration(line, 'p99') },
  { title: 'MAX', align: 'right', width: 8, from: 100, cell: (line) => duration(line, 'max') },
]

/** Header, groups, what is in no group listed, and the total of more than one group; as wide as the output is now. @param by what the groups are of */
export function overviewLines({ groups, rest, total }: Overview, by: string, out: Output): string[] {
  const shown = columns.filter(({ from = 0 }) => out.width >= from)
  const layout = table([...shown, { title: by.toUpperCase(), width: 20, cut: 'middle' }], out.width)
  const row = (line: Line, name: string) =>
    layout.row([...shown.map(({ cell }) => cell(line)), name], (text, index) =>
      index === 1 && line.failed > 0 ? out.style('red', text) : text,
    )
  const lines = [
    out.style('bold', layout.header()),
    ...groups.map((group) => row(group, group.key === null ? '-' : printableBytes(group.key))),
  ]
  if (rest) lines.push(row(rest, `and ${plural(rest.groups, 'more group')}`))
  if (lines.length > 2) lines.push(row(total, 'all'))
  return lines
}
