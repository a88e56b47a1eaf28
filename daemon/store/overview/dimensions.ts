/** What exchanges are grouped by: the columns that tell it of each, and the group's key in their terms. */
import type { OverviewKey } from '../../../sdk/overview-keys.ts'
import { pathTemplate } from '../../../sdk/path-template.ts'
import { essenceOf } from '../../../sdk/query/media-class.ts'
import { pathOf } from '../../../sdk/query/message-values.ts'
import { fieldFinder } from '../head-text.ts'
import type { RowShape } from '../matching-rows.ts'
import { type GroupKey, overviewColumnCount, overviewColumns } from './group.ts'

/** Longer keys are cut: the wire's texts have no bound. */
export const keyLength = 500

interface Dimension {
  shape: RowShape
  /** What `shape` reads beside the columns of every overview. */
  columns: readonly string[]
  joins: string
  /** All values that it has, the first of which is the key, whole. @param at where its columns begin in the row */
  valuesOf(row: readonly unknown[], at: number): readonly string[]
  keyOf(row: readonly unknown[]): GroupKey
}

type Values = (first: never, second: never) => readonly string[]

const dimension = (columns: readonly string[], joins: string, values: Values): Dimension => {
  const valuesOf = (row: readonly unknown[], at: number) => values(row[at] as never, row[at + 1] as never)
  return {
    shape: { columns: [overviewColumns, ...columns].join(), from: `exchange e ${joins}` },
    columns,
    joins,
    valuesOf,
    keyOf: (row) => valuesOf(row, overviewColumnCount)[0]?.slice(0, keyLength) ?? null,
  }
}

const requestLine = 'LEFT JOIN request_line l ON l.id = e.request_line'
const itself = (value: string | null) => (value === null ? [] : [value])

/** Of a stored head, the media types of its body: one, unless it contradicts itself. */
function typesReader(): (fields: string | null) => readonly string[] {
  let types: string[] = []
  const find = fieldFinder('content-type', (value) => {
    const essence = essenceOf(value)
    if (essence !== '') types.push(essence)
    return false
  })
  return (fields) => {
    types = []
    if (fields !== null) find(fields)
    return types
  }
}

export const dimensions: { readonly [B in OverviewKey]: Dimension } = {
  host: dimension(['l.host'], requestLine, itself),
  path: dimension(['l.authority', 'e.path'], requestLine, (authority: string, path: string) => [authority + pathTemplate(pathOf(path))]),
  method: dimension(['l.method'], requestLine, itself),
  status: dimension(['e.status'], '', (status: number | null) => (status === null ? [] : [String(status)])),
  type: dimension(['h.fields'], 'LEFT JOIN head h ON h.id = e.response_head AND e.status IS NOT NULL', typesReader()),
  process: dimension(['c.process'], 'LEFT JOIN connection c ON c.id = e.connection', itself),
}
