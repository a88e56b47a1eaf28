/** An exporter plugin: one line of comma-separated values for each exchange (RFC 4180). */
import { once } from 'node:events'
import { defineExporter } from '../../sdk/plugin.ts'

const columns = ['seq', 'started', 'method', 'url', 'status', 'ms', 'bytes']

/** Quoted where needed. A spreadsheet takes a text that begins with one of = + - @ for a formula: an apostrophe makes it text. */
function cell(value: string | number | null, separator: string): string {
  const plain = value === null ? '' : String(value)
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain
  return /["\r\n]/.test(text) || text.includes(separator) ? `"${text.replaceAll('"', '""')}"` : text
}

const csv = defineExporter({
  kind: 'exporter',
  name: 'csv',
  version: '1.0.0',
  api: 1,
  description: 'Comma-separated values, one line an exchange: for spreadsheets',
  follow: true,
  mediaType: 'text/csv; charset=utf-8',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: { separator: { enum: [',', ';'], description: 'Between the cells; a comma when absent.' } },
  },
  create({ separator = ',' }, host) {
    const line = (cells: (string | number | null)[]) => `${cells.map((value) => cell(value, separator)).join(separator)}\r\n`
    return {
      async run({ exchanges, out, leaveOut, continues }) {
        let tunnels = 0
        if (!continues) out.write(line(columns))
        for await (const { seq, kind, startedAt, request, response, durationMs } of exchanges) {
          if (kind === 'tunnel') {
            tunnels++
            leaveOut()
            continue
          }
          const started = new Date(startedAt).toISOString()
          const cells = [seq, started, request.method, request.url, response?.status ?? null, durationMs, response?.bodySize ?? null]
          // Wait when the file is slower than the session, so that memory stays flat.
          if (!out.write(line(cells))) await once(out, 'drain')
        }
        if (tunnels > 0) host.log(`${tunnels} tunnels are left out`)
      },
    }
  },
})

export default csv
