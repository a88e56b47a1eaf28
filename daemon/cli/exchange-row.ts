/** An exchange as one line of `weir ls` and of the live table. */
import type { Exchange, Headers } from '../../sdk/model.ts'
import type { Output, Style } from './output.ts'
import { printable, printableBytes } from './printable.ts'
import { formatBytes, formatDuration, formatTime } from './quantity.ts'
import { type Column, table } from './table.ts'

interface ExchangeColumn extends Column {
  /** Terminals narrower than this do without it, so that there is room for the URL. */
  from?: number
  /** Printable. */
  cell(exchange: Exchange): string
  style?(exchange: Exchange): Style | null
}

const columns: readonly ExchangeColumn[] = [
  { title: 'SEQ', align: 'right', width: 5, cell: ({ seq }) => String(seq) },
  { title: 'TIME', width: 12, from: 110, cell: ({ startedAt }) => formatTime(startedAt) },
  { title: 'METHOD', width: 7, cell: ({ request }) => printable(request.method) },
  { title: 'STATUS', width: 7, cell: status, style: statusStyle },
  { title: 'TYPE', width: 18, from: 100, cell: (exchange) => printableBytes(type(exchange)) },
  { title: 'SIZE', align: 'right', width: 7, cell: ({ response }) => (response ? formatBytes(response.bodySize) : '-') },
  { title: 'TOOK', align: 'right', width: 8, cell: ({ durationMs }) => (durationMs === null ? '-' : formatDuration(durationMs)) },
  { title: 'URL', width: 20, cut: 'middle', cell: ({ request }) => printableBytes(request.url) },
]

export interface ExchangeTable {
  header(): string
  line(exchange: Exchange): string
}

/** As wide as the output is now. */
export function exchangeTable(output: Output): ExchangeTable {
  const { width } = output
  const shown = columns.filter(({ from = 0 }) => width >= from)
  const layout = table(shown, width)
  return {
    header: () => output.style('bold', layout.header()),
    line: (exchange) =>
      layout.row(
        shown.map(({ cell }) => cell(exchange)),
        (text, index) => {
          const style = shown[index]?.style?.(exchange)
          return style ? output.style(style, text) : text
        },
      ),
  }
}

export function headerValue(headers: Headers, name: string): string | undefined {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1]
}

/** Its media type, or why it did not end. */
function type(exchange: Exchange): string {
  if (exchange.error) return exchange.error.reason
  if (exchange.kind !== 'http') return exchange.kind
  const [media = ''] = (headerValue(exchange.response?.headers ?? [], 'content-type') ?? '').split(';')
  return media.trim()
}

function status({ state, response }: Exchange): string {
  return state === 'complete' ? String(response?.status ?? '-') : state
}

function statusStyle({ state, response }: Exchange): Style | null {
  if (state === 'failed') return 'red'
  if (state === 'aborted') return 'yellow'
  if (state === 'open') return 'cyan'
  const status = response?.status ?? 0
  if (status >= 500) return 'red'
  if (status >= 400) return 'yellow'
  return status >= 200 && status < 300 ? 'green' : null
}
