/** What exchanges are grouped by: the columns that tell it of each, and the group's key in their terms. */
import type { OverviewKey } from '../../../sdk/overview-keys.ts'
import { pathTemplate } from '../../../sdk/path-template.ts'
import { essenceOf } from '../../../sdk/query/media-class.ts'
import { pathOf } from '../../../sdk/query/message-values.ts'
import { fieldFinder } from '../head-text.ts'
import type { RowShape } from '../matching.ts'
import { type GroupKey, overviewColumnCount, overviewColumns } from './group.ts'

/** Longer keys are cut: the wire's texts have no bound. */
const keyLength = 500

interface Dimension {
  shape: RowShape
  /** What `shape` reads beside the columns of every overview. */
  columns: readonly string[]
  joins: string
  /** @param at where its columns begin in the row */
  keyOf(row: readonly unknown[], at?: number): GroupKey
}

const dimension = (columns: readonly string[], joins: string, key: (first: never, second: never) => string | null): Dimension => ({
  shape: { columns: [overviewColumns, ...columns].join(), from: `exchange e ${joins}` },
  columns,
  joins,
  keyOf: (row, at = overviewColumnCount) => key(row[at] as never, row[at + 1] as never)?.slice(0, keyLength) ?? null,
})

const requestLine = 'LEFT JOIN request_line l ON l.id = e.request_line'
const itself = (value: string | null) => value

/** Of a stored head, the media type of its body. */
function typeReader(): (fields: string | null) => string | null {
  let essence = ''
  const find = fieldFinder('content-type', (value) => {
    essence = essenceOf(value)
    return essence !== ''
  })
  return (fields) => (fields !== null && find(fields) ? essence : null)
}

export const dimensions: { readonly [B in OverviewKey]: Dimension } = {
  host: dimension(['l.host'], requestLine, itself),
  path: dimension(['l.authority', 'e.path'], requestLine, (authority: string, path: string) => authority + pathTemplate(pathOf(path))),
  method: dimension(['l.method'], requestLine, itself),
  status: dimension(['e.status'], '', (status: number | null) => (status === null ? null : String(status))),
  type: dimension(['h.fields'], 'LEFT JOIN head h ON h.id = e.response_head AND e.status IS NOT NULL', typeReader()),
  process: dimension(['c.process'], 'LEFT JOIN connection c ON c.id = e.connection', itself),
}
