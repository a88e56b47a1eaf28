/** The beginning of a plugin: a package in JavaScript, with a test that passes. */
import type { Manifest } from '../../sdk/plugin.ts'

export interface ScaffoldOptions {
  kind: Manifest['kind']
  name: string
  /** What package.json asks npm for as weir. */
  weir: string
}

/** By their paths in the folder. */
export function scaffold({ kind, name, weir }: ScaffoldOptions): ReadonlyMap<string, string> {
  const { description, use, module, test } = kinds[kind]
  return new Map([
    ['package.json', packageJson(`weir-${kind}-${name}`, name, description, weir)],
    ['README.md', readme(`weir-${kind}-${name}`, kind, description, use(name))],
    [`${name}.js`, module(name)],
    // Apart from the module: of a folder that config.toml names each module in it is taken for a plugin.
    [`test/${name}.test.js`, test(name)],
  ])
}

const packageJson = (name: string, file: string, description: string, weir: string): string => {
  const manifest = {
    name,
    version: '0.1.0',
    description,
    type: 'module',
    exports: `./${file}.js`,
    files: [`${file}.js`],
    scripts: { test: 'node --test' },
    engines: { node: '>=22.18' },
    devDependencies: { '@weir/weir': weir },
  }
  return `${JSON.stringify(manifest, null, 2)}\n`
}

const readme = (title: string, kind: string, description: string, use: string): string => `# ${title}

A plugin of weir, of the kind ${kind}. ${description}: \`${use}\`. Name this folder under \`plugins\` in weir's config.toml; \`npm test\` runs its tests.
`

interface Kind {
  description: string
  /** The command line that uses it. */
  use(name: string): string
  module(name: string): string
  test(name: string): string
}

const exporter: Kind = {
  description: 'Writes one line for each exchange',
  use: (name) => `weir export SESSION ${name} -o FILE`,
  module: (name) => `// @ts-check
import { once } from 'node:events'
import { defineExporter } from '@weir/weir/plugin'

/**
 * @param {import('@weir/weir/plugin').ExportedExchange} exchange
 * @param {string} separator
 */
const line = ({ request, response }, separator) => [request.method, request.url, response?.status ?? '-'].join(separator) + '\\n'

export default defineExporter({
  kind: 'exporter',
  name: '${name}',
  version: '0.1.0',
  api: 1,
  description: '${exporter.description}',
  // The options, as JSON Schema: weir export SESSION ${name} --set separator=,
  config: {
    type: 'object',
    additionalProperties: false,
    properties: { separator: { type: 'string', default: ' ', description: 'Between method, URL and status' } },
  },
  create: ({ separator }) => ({
    async run({ exchanges, out }) {
      for await (const exchange of exchanges) {
        // Wait when the file is slower than the session, so that memory stays flat.
        if (!out.write(line(exchange, separator))) await once(out, 'drain')
      }
    },
  }),
})
`,
  test: (name) => `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runExporter, testExchange } from '@weir/weir/testing'
import plugin from 'weir-exporter-${name}'

test('writes one line for each exchange', async () => {
  const items = testExchange({ seq: 2, request: { method: 'POST', url: 'https://origin.test/items' }, response: { status: 201 } })
  const { text } = await runExporter(plugin, [testExchange(), items], { options: { separator: ',' } })
  assert.equal(text, 'GET,https://origin.test/,200\\nPOST,https://origin.test/items,201\\n')
})
`,
}

const filter: Kind = {
  description: 'Leaves a header field of requests out of the record',
  use: (name) => `weir capture --filter ${name} -- COMMAND`,
  module: (name) => `// @ts-check
import { defineFilter } from '@weir/weir/plugin'

/**
 * @param {import('@weir/weir/plugin').FilteredExchange['request']} request
 * @param {string} header
 */
const without = (request, header) => request.headers.filter(([name]) => name.toLowerCase() !== header.toLowerCase())

export default defineFilter({
  kind: 'filter',
  name: '${name}',
  version: '0.1.0',
  api: 1,
  description: '${filter.description}',
  // Its config, as JSON Schema.
  config: {
    type: 'object',
    additionalProperties: false,
    properties: { header: { type: 'string', default: 'User-Agent', description: 'The field, in any case' } },
  },
  create: ({ header }) => ({
    // What is recorded of an exchange that has ended, changed or not; null: it is not recorded.
    apply(exchange) {
      exchange.request.headers = without(exchange.request, header)
      return exchange
    },
  }),
})
`,
  test: (name) => `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runFilter, testExchange } from '@weir/weir/testing'
import plugin from 'weir-filter-${name}'

test('leaves the field out, and keeps the others', async () => {
  const exchange = testExchange({ request: { headers: [['Host', 'origin.test'], ['x-secret', '1']] } })
  const { kept } = await runFilter(plugin, [exchange], { config: { header: 'X-Secret' } })
  assert.deepEqual(kept.map(({ request }) => request.headers), [[['Host', 'origin.test']]])
})
`,
}

const cookieSync: Kind = {
  description: 'Keeps a file with one NAME=VALUE a line',
  use: (name) => `weir sync set example.com --to ${name}:path=/absolute/cookies.env`,
  module: (name) => `// @ts-check
import { readFile, rename, writeFile } from 'node:fs/promises'
import { defineCookieSync } from '@weir/weir/plugin'

/**
 * @param {string} path
 * @returns {Promise<Map<string, string>>}
 */
async function linesOf(path) {
  const text = await readFile(path, 'utf8').catch(() => '')
  return new Map(text.split('\\n').filter(Boolean).map((line) => [line.slice(0, line.indexOf('=')), line]))
}

export default defineCookieSync({
  kind: 'cookie-sync',
  name: '${name}',
  version: '0.1.0',
  api: 1,
  description: '${cookieSync.description}',
  // Its config, as JSON Schema.
  config: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: { path: { type: 'string', description: 'Absolute path of the file' } },
  },
  create: ({ path }) => ({
    // What it does not resolve for comes again, later. With pull() changes could come back.
    async push(changes) {
      const lines = await linesOf(path)
      for (const change of changes) {
        if ('put' in change) lines.set(change.put.name, \`\${change.put.name}=\${change.put.value}\`)
        else lines.delete(change.gone.name)
      }
      // Written beside, then renamed: nobody ever reads half a file.
      await writeFile(\`\${path}.partial\`, [...lines.values(), ''].join('\\n'), { mode: 0o600 })
      await rename(\`\${path}.partial\`, path)
    },
  }),
})
`,
  test: (name) => `import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openTarget, testCookie } from '@weir/weir/testing'
import plugin from 'weir-cookie-sync-${name}'

test('the file holds what was put, and not what has gone', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'cookies-')), 'cookies.env')
  const { target } = await openTarget(plugin, { config: { path } })
  await target.push([{ put: testCookie({ name: 'a', value: '1' }) }, { put: testCookie({ name: 'b', value: '2' }) }], [])
  await target.push([{ gone: testCookie({ name: 'a' }) }], [])
  assert.equal(readFileSync(path, 'utf8'), 'b=2\\n')
})
`,
}

const source: Kind = {
  description: 'Asks a URL every few seconds and tells a session of it',
  use: (name) => `weir rpc source/start '{"kind": "${name}", "sessionId": "ID", "url": "http://localhost:3000/"}'`,
  module: (name) => `// @ts-check
import { setTimeout } from 'node:timers/promises'
import { defineSource } from '@weir/weir/plugin'

/**
 * One request, told as it goes on: what begins it, the head of its response, its body, its end.
 * @param {string} url
 * @param {string} id its events have it in common
 * @param {import('@weir/weir/plugin').SourceRun} run
 * @param {AbortSignal} signal
 */
async function ask(url, id, run, signal) {
  const view = { sourceId: run.sourceId, requestId: id, resource: /** @type {const} */ ('fetch') }
  // Else the body would be told without its Content-Encoding.
  const headers = /** @type {[string, string][]} */ ([['Accept-Encoding', 'identity']])
  // Each emit is awaited: it resolves when weir has the events, so that memory stays flat.
  await run.emit([{ kind: 'request', id, at: Date.now(), exchange: 'http', method: 'GET', url, headers, view }])
  try {
    const response = await fetch(url, { headers, redirect: 'manual', signal })
    const { status, statusText: reason } = response
    // proxied: false: nothing but this source tells of it. Else weir waits whether its proxy sees the same request, and makes one of both.
    const head = { status, reason, httpVersion: '1.1', headers: [...response.headers], proxied: false }
    await run.emit([{ kind: 'response', id, at: Date.now(), ...head }])
    for await (const data of response.body ?? []) await run.emit([{ kind: 'body', id, part: 'response', data }])
    await run.emit([{ kind: 'end', id, at: Date.now() }])
  } catch (error) {
    const reason = signal.aborted ? 'clientAborted' : 'connectFailed'
    await run.emit([{ kind: 'end', id, at: Date.now(), proxied: false, failure: { reason, message: String(error) } }])
  }
}

export default defineSource({
  kind: 'source',
  name: '${name}',
  version: '0.1.0',
  api: 1,
  description: '${source.description}',
  // Its config, as JSON Schema: what source/start gives beside kind and sessionId, and what is in its config.
  config: {
    type: 'object',
    additionalProperties: false,
    required: ['url'],
    properties: {
      url: { type: 'string', pattern: '^https?://', description: 'What it asks' },
      seconds: { type: 'number', minimum: 0.1, maximum: 86400, default: 10, description: 'Between two requests' },
    },
  },
  create: ({ url, seconds }) => ({
    // In a process of its own. Rejects, with what to do, when there is nothing to open.
    async open(run) {
      const over = new AbortController()
      const { signal } = over
      const askAgainAndAgain = async () => {
        for (let id = 1; !signal.aborted; id++) {
          await ask(url, String(id), run, signal)
          await setTimeout(seconds * 1000, undefined, { signal }).catch(() => undefined)
        }
        return 'it was stopped'
      }
      // Resolves with the reason when it ends by itself: a program was closed, a file came to its end.
      const ended = askAgainAndAgain()
      return {
        browser: '${name} 0.1.0',
        notes: [],
        ended,
        // With all that it has started; what it has seen is emitted before that.
        async stop() {
          over.abort()
          await ended
        },
      }
    },
  }),
})
`,
  test: (name) => `import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { openSource } from '@weir/weir/testing'
import plugin from 'weir-source-${name}'

test('tells of a request, its response and the end of it', async () => {
  const server = createServer((_, response) => response.writeHead(201).end('hello')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = \`http://127.0.0.1:\${server.address().port}/\`
  const { source, events } = await openSource(plugin, { config: { url } })
  while (events.at(-1)?.kind !== 'end') await setTimeout(10)
  await source.stop()
  server.close()
  assert.deepEqual(events.map(({ kind }) => kind), ['request', 'response', 'body', 'end'])
  const [request, response, body] = events
  assert.equal(\`\${request.method} \${request.url} \${response.status}\`, \`GET \${url} 201\`)
  assert.equal(Buffer.from(body.data).toString(), 'hello')
})
`,
}

const kinds: { readonly [K in Manifest['kind']]: Kind } = { exporter, filter, 'cookie-sync': cookieSync, source }
