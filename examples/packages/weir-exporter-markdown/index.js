// @ts-check
/** An exporter plugin in a package of its own, in plain JavaScript: it imports nothing of weir but types. */
import { once } from 'node:events'

/** @typedef {{ title?: string, columns: string[] }} Options */
/** @typedef {import('@weir/weir/plugin').ExportedExchange} ExportedExchange */

/** @type {{ [name: string]: (exchange: ExportedExchange) => string | number | null | undefined }} */
const columns = {
  method: ({ request }) => request.method,
  url: ({ request }) => request.url,
  status: ({ response, error }) => response?.status ?? error?.reason,
  ms: ({ durationMs }) => durationMs && Math.round(durationMs),
}

/**
 * What was captured is text and nothing else: no markup, no cell, no line of its own.
 * @param {string | number | null | undefined} value
 */
const cell = (value) =>
  String(value ?? '')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[!-/:-@[-`{-~]/g, '\\$&')

/** @param {string[]} cells */
const row = (cells) => `| ${cells.join(' | ')} |\n`

/** @type {import('@weir/weir/plugin').ExporterManifest<Options>} */
export default {
  kind: 'exporter',
  name: 'markdown',
  version: '1.0.0',
  api: 1,
  description: 'A Markdown table, for issues and pull requests',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      title: { type: 'string', description: 'A heading above the table; none when absent.' },
      columns: {
        type: 'array',
        items: { enum: Object.keys(columns) },
        minItems: 1,
        default: Object.keys(columns),
        description: `Which columns: ${Object.keys(columns).join(', ')}.`,
      },
    },
  },
  create: ({ title, columns: names }) => ({
    async run({ exchanges, out }) {
      if (title !== undefined) out.write(`## ${cell(title)}\n\n`)
      out.write(row(names) + row(names.map(() => '---')))
      for await (const exchange of exchanges) {
        if (!out.write(row(names.map((name) => cell(columns[name]?.(exchange)))))) await once(out, 'drain')
      }
    },
  }),
}
