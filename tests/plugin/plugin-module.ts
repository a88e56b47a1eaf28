/** Plugin modules that a test writes itself. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** @param source the whole module. @returns its absolute path. */
export function writeModule(folder: string, file: string, source: string): string {
  const path = join(folder, file)
  writeFileSync(path, source)
  return path
}

/** An exporter whose `run({ session, exchanges, out, signal, leaveOut }, { options, host })` has this body; `change` replaces keys of the manifest. */
export const exporterSource = (name: string, body: string, change = ''): string => `
import { writeFileSync } from 'node:fs'
import { setTimeout as later } from 'node:timers/promises'
export default {
  kind: 'exporter', name: '${name}', version: '1.0.0', api: 1, description: 'of a test',
  config: { type: 'object', additionalProperties: false, properties: { count: { type: 'integer', minimum: 1 }, word: { enum: ['a', 'b'] } } },
  create: (options, host) => ({ async run({ session, exchanges, out, signal, leaveOut }) { ${body} } }),
  ${change}
}
`

/** Writes one line for each exchange. */
export const linesSource = (name: string, change = '') =>
  exporterSource(name, 'for await (const { request } of exchanges) out.write(request.url + "\\n")', change)

/**
 * A source whose `open(run, { config, host })` has this body; `opened(more)` makes what it resolves with: it is called `Test 1.0`, ends when `end(reason)` is
 * called, and stops at once.
 */
export const sourceSource = (name: string, body: string): string => `
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as later } from 'node:timers/promises'
const { promise: ended, resolve: end } = Promise.withResolvers()
const opened = (more = {}) => ({ browser: 'Test 1.0', notes: ['of a test'], ended, async stop() {}, ...more })
const head = (id, more = {}) => ({
  kind: 'request', id, at: Date.now(), exchange: 'http', method: 'GET', url: 'https://shop.example/' + id, headers: [],
  view: { sourceId: 'x', requestId: id, resource: 'fetch' }, ...more,
})
export default {
  kind: 'source', name: '${name}', version: '1.0.0', api: 1, description: 'of a test',
  config: { type: 'object', additionalProperties: false, properties: { url: { type: 'string' }, endpoint: { type: 'string' }, profile: { type: 'string' }, word: { enum: ['a', 'b'] } } },
  create: (config, host) => ({ async open(run) { ${body} } }),
}
`
