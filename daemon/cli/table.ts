/** Tables of printable text, aligned with spaces. Rows may be written one by one: the widths are fixed beforehand. */
import { type Align, type Cut, pad, textWidth, truncate } from './text-width.ts'

export interface Column {
  title: string
  align?: Align
  /** Columns it takes; the last column takes the rest of the line. */
  width: number
  cut?: Cut
}

/** Narrower than this is no use: longer lines then wrap. */
const narrowest = 60
const between = '  '

export interface Table {
  header(): string
  /** As many cells as columns, of printable text. No line end. `decorate` colours a cell once it is laid out. */
  row(cells: readonly string[], decorate?: (cell: string, column: number) => string): string
}

/** @param width of the line; Infinity: nothing is cut, wide cells push the others right. */
export function table(columns: readonly Column[], width: number): Table {
  const fixed = columns.slice(0, -1).reduce((sum, column) => sum + column.width + between.length, 0)
  const rest = Math.max(Math.max(width, narrowest) - fixed, 8)
  const last = columns.length - 1

  const cell = (text: string, index: number): string => {
    const column = columns[index]
    if (!column) return ''
    const room = index === last ? rest : column.width
    const fitted = width === Infinity ? text : truncate(text, room, column.cut)
    return index === last ? fitted : pad(fitted, column.width, column.align)
  }

  return {
    header: () =>
      columns
        .map(({ title }, index) => cell(title, index))
        .join(between)
        .trimEnd(),
    row: (cells, decorate = (text) => text) =>
      columns
        .map((_, index) => decorate(cell(cells[index] ?? '', index), index))
        .join(between)
        .trimEnd(),
  }
}

/** The same columns, each as wide as its widest cell. */
export const fitColumns = (columns: readonly Omit<Column, 'width'>[], rows: readonly (readonly string[])[]): Column[] =>
  columns.map((column, index) => ({
    ...column,
    width: rows.reduce((widest, row) => Math.max(widest, textWidth(row[index] ?? '')), textWidth(column.title)),
  }))
