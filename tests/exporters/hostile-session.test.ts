/**
 * One session whose bodies are not what their heads say, through every built-in exporter: what comes out can be read, what is missing is said, and half a
 * body never passes for a whole one.
 */
import { execFile, execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { WARCParser, type WARCRecord } from 'warcio'
import { ExporterRunJob } from '../../daemon/plugin/exporter-job.ts'
import type { PostmanBody } from '../../plugins/exporters/postman/body.ts'
import { type JsonlBody, type JsonlLine, jsonlVersion } from '../../sdk/jsonl.ts'
import type { Session } from '../../sdk/model.ts'
import { startExactOrigin, targetOf } from '../support/exact-origin.ts'
import { bytesOf, parseHar } from '../support/har.ts'
import { temporaryHome } from '../support/home.ts'
import { type HostileExchange, hostileExchanges, hostileFile } from '../support/hostile-session.ts'
import { importContent, importFolder, readAll } from '../support/imported.ts'
import { runK6 } from '../support/k6.ts'
import { serveHandlers } from '../support/msw.ts'
import { readTraces } from '../support/otlp.ts'
import { parseCollection, requestsOf } from '../support/postman.ts'
import { runsOf } from '../support/powershell.ts'
import { pythonWithRequests, toolPath } from '../support/tool.ts'

const run = promisify(execFile)
const [tshark, mitmdump] = [toolPath('tshark', 'tshark'), toolPath('mitmdump', 'mitmproxy')]
const gofmt = toolPath('gofmt', 'golang-go')
const bash = toolPath('bash', 'bash')

interface Stage {
  all: HostileExchange[]
  /** Of weir's own, for what reads an export. */
  folder: string
  /** As the process of an export does it, in this one. */
  export(exporter: string, redact: 'off' | 'standard', options?: Record<string, unknown>): Promise<{ file: string; exchanges: number }>
}

/** @param url of the origin of all requests */
async function stage(url = 'http://origin.test'): Promise<Stage> {
  const home = await temporaryHome()
  const [sessions, folder] = [join(home, 'sessions'), join(home, 'out')]
  for (const each of [sessions, folder]) mkdirSync(each)
  const all = hostileExchanges(url)
  const { file, counts } = await importContent(hostileFile(all), sessions)
  expect(counts.exchanges).toBe(all.length)
  const session: Session = { id: 's', name: 'hostile \ud800', state: 'stopped', startedAt: 1_700_000_000_000, proxy: null, file, counts }
  let files = 0
  return {
    all,
    folder,
    async export(exporter, redact, options = {}) {
      const out = join(folder, `${++files}`)
      const scratch = mkdtempSync(join(home, 'scratch-'))
      writeFileSync(out, '')
      const module = resolve(import.meta.dirname, `../../plugins/exporters/${exporter}.ts`)
      const places = { dataRoot: home, scratch, isFolder: false, partial: out }
      const { signal } = new AbortController()
      const job = new ExporterRunJob({ job: 'run', module, session, where: null, options, redact, ...places }, signal, () => undefined)
      const done = await job.run()
      if (!('done' in done)) throw new Error(JSON.stringify(done))
      return { file: out, exchanges: done.exchanges }
    },
  }
}

const text = (file: string): string => readFileSync(file, 'utf8')
const named = (all: readonly HostileExchange[], url: string): HostileExchange => {
  const name = url.slice(url.lastIndexOf('/') + 1)
  const found = all.find((each) => each.name === name)
  if (found === undefined) throw new Error(`nothing was asked for at ${url}`)
  return found
}
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

interface Row {
  exporter: string
  options?: Record<string, unknown>
  /** Throws where nobody can read it. @returns what holds of it when nothing is redacted */
  read(file: string, folder: string): Promise<(exchanges: number, all: readonly HostileExchange[]) => void | Promise<void>>
}

const rows: Row[] = [
  {
    exporter: 'har',
    async read(file) {
      const { entries } = parseHar(text(file)).log
      return (_, all) => {
        expect(entries.length).toBe(all.length)
        for (const [index, { _state, request, response }] of entries.entries()) {
          const { name, exchange, requestWhole, responseWhole, ...each } = all[index] as HostileExchange
          const said = request._truncated === true || _state !== undefined
          if (!requestWhole) expect(said, name).toBe(true)
          else if (each.request.length > 0) expect(latin1(bytesOf(request.postData ?? {})), name).toBe(latin1(each.request))
          if (exchange.response === null) continue
          const { content } = response
          if (!responseWhole) expect(response._truncated === true || _state !== undefined, name).toBe(true)
          else if (each.decoded === null) {
            expect(content.comment, name).toMatch(/still content-encoded/)
            expect(latin1(bytesOf(content)), name).toBe(latin1(each.response))
          } else if (content.encoding === 'base64') expect(latin1(bytesOf(content)), name).toBe(latin1(each.decoded))
          else expect(content.text, name).toBe(each.text)
        }
      }
    },
  },
  {
    exporter: 'postman',
    async read(file) {
      const items = requestsOf(parseCollection(text(file)))
      return (exchanges, all) => {
        expect(items.length).toBe(exchanges)
        expect(items.length).toBe(all.filter(({ requestWhole }) => requestWhole).length)
        for (const { request, response } of items) {
          const each = named(all, request.url.raw)
          expect(each.requestWhole, each.name).toBe(true)
          if (each.request.length > 0) expect(latin1(postmanBytes(request.body)), each.name).toBe(latin1(each.request))
          for (const { name, body } of response) {
            if (!each.responseWhole) expect(name, each.name).toMatch(/\(body (?:cut|left out)/)
            else if (each.text === null) expect([body, name], each.name).toEqual([null, expect.stringMatching(/\(body left out/)])
            else expect(body, each.name).toBe(each.text)
          }
        }
      }
    },
  },
  {
    exporter: 'jsonl',
    async read(file) {
      const lines = text(file).trimEnd().split('\n')
      const read = lines.map((line) => JSON.parse(line) as JsonlLine)
      const { counts } = await importContent(text(file), importFolder())
      expect([read.every(({ weir }) => weir === jsonlVersion), counts.exchanges]).toEqual([true, read.length])
      return (_, all) => {
        const bytes = (body: JsonlBody | { leftOut: number } | undefined) =>
          body === undefined || 'leftOut' in body
            ? ''
            : latin1('text' in body ? Buffer.from(body.text) : Buffer.from(body.base64, 'base64'))
        expect(read.map(({ request, bodies }) => [request.truncated, bytes(bodies?.request)])).toEqual(
          all.map(({ exchange, request }) => [exchange.request.truncated, latin1(request)]),
        )
        expect(read.map(({ state, response, bodies }) => [state, response?.truncated, bytes(bodies?.response)])).toEqual(
          all.map(({ exchange, response }) => [exchange.state, exchange.response?.truncated, latin1(response)]),
        )
      }
    },
  },
  {
    exporter: 'openapi',
    options: { examples: true },
    async read(file) {
      const document = JSON.parse(text(file)) as { paths: Record<string, { post: OpenapiOperation }> }
      const { valid, errors } = await new Validator().validate(structuredClone(document))
      expect({ valid, errors }).toEqual({ valid: true, errors: undefined })
      return (_, all) => {
        for (const [path, { post }] of Object.entries(document.paths)) {
          const each = named(all, path)
          const isJson = /json$/.test(Object.keys(post.responses['200']?.content ?? {})[0] ?? '')
          const schema = Object.values(post.responses['200']?.content ?? {})[0]?.schema
          // Nothing is said of what is not all there, or is not what it says to be.
          if (isJson) expect(schema !== undefined, each.name).toBe(each.responseWhole && isJsonText(each.text))
          const fields = Object.values(post.requestBody?.content ?? {})[0]?.schema?.properties
          if (!each.requestWhole || each.name === 'form-that-is-none') expect(fields, each.name).toBeUndefined()
        }
      }
    },
  },
  {
    exporter: 'html',
    async read(file) {
      const page = text(file)
      expect(page.isWellFormed()).toBe(true)
      const blocks = [...page.matchAll(/<script type="application\/json" class="exchanges">(.*?)<\/script>/gs)]
      expect(page.match(/<script/g)?.length).toBe(blocks.length + 2)
      const shown = blocks.flatMap(([, block]) => JSON.parse(block as string) as ReportRow[])
      return (_, all) => {
        expect(shown.length).toBe(all.length)
        for (const [index, { requestBody, responseBody }] of shown.entries()) {
          const each = all[index] as HostileExchange
          if (!each.requestWhole && each.request.length > 0) expect(requestBody, each.name).toMatch(/\(cut: /)
          if (each.exchange.response === null || each.response.length === 0) continue
          if (!each.responseWhole) expect(responseBody, each.name).toMatch(/\(cut: /)
          else if (each.text === null) expect(responseBody, each.name).toMatch(/^\(.*, \d+ bytes\)$/)
          else expect(responseBody.startsWith(each.text.slice(0, 4000)), each.name).toBe(true)
        }
      }
    },
  },
  {
    exporter: 'msw',
    async read(file) {
      const { handlers, close } = await serveHandlers(text(file))
      close()
      return async (exchanges, all) => {
        expect(handlers.length).toBe(exchanges)
        const server = await serveHandlers(text(file))
        try {
          for (const { name, exchange, responseWhole, decoded, response } of all) {
            const answer = await fetch(exchange.request.url, { method: 'POST' }).catch(() => null)
            const isThere = responseWhole && exchange.response !== null && (decoded !== null || response.length === 0)
            if (isThere) expect(latin1(new Uint8Array((await answer?.arrayBuffer()) ?? [])), name).toBe(latin1(decoded ?? response))
            else expect(answer, name).toBeNull()
          }
        } finally {
          server.close()
        }
      }
    },
  },
  {
    exporter: 'k6',
    async read(file) {
      const { made } = await runK6(text(file))
      return (exchanges, all) => {
        expect(made.length).toBe(exchanges)
        for (const { url, body } of made) {
          const each = named(all, url)
          expect(each.requestWhole, each.name).toBe(true)
          const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from((body as ArrayBuffer | undefined) ?? new ArrayBuffer())
          expect(latin1(bytes), each.name).toBe(latin1(each.request))
        }
      }
    },
  },
  {
    exporter: 'sqlite',
    async read(file) {
      const db = new DatabaseSync(file, { readOnly: true })
      const [check] = db.prepare('PRAGMA integrity_check').all()
      db.close()
      expect(check).toEqual({ integrity_check: 'ok' })
      return async (exchanges, all) => {
        const read = await readAll(file)
        expect(read.length).toBe(exchanges)
        expect(read.map(({ exchange, request, response }) => [exchange.state, latin1(request), latin1(response)])).toEqual(
          all.map(({ exchange, request, response }) => [exchange.state, latin1(request), latin1(response)]),
        )
      }
    },
  },
  {
    exporter: 'warc',
    async read(file) {
      async function* bytes() {
        yield readFileSync(file)
      }
      const records: { type: string; uri: string; cut: string | null; block: Buffer }[] = []
      for await (const record of new WARCParser(bytes(), { keepHeadersCase: true }) as AsyncIterable<WARCRecord>) {
        const block = Buffer.from(await record.readFully(false))
        records.push({
          type: record.warcType ?? '',
          uri: record.warcTargetURI ?? '',
          cut: record.warcHeader('WARC-Truncated') ?? null,
          block,
        })
      }
      return (_, all) => {
        for (const { type, uri, cut, block } of records.slice(1)) {
          const each = named(all, uri)
          const isRequest = type === 'request'
          expect(latin1(block), each.name).toBe(latin1(isRequest ? each.request : each.response))
          expect(cut === null, `${each.name} ${type}`).toBe(isRequest ? each.requestWhole : each.responseWhole)
        }
        expect(records.length).toBe(1 + all.reduce((sum, { exchange }) => sum + (exchange.response === null ? 1 : 2), 0))
      }
    },
  },
  {
    exporter: 'mitmproxy',
    async read(file, folder) {
      const { file: session } = await importContent(readFileSync(file), importFolder())
      const read = await readAll(session)
      return async (_, all) => {
        const env = { PATH: process.env.PATH, HOME: folder }
        if (mitmdump !== null) await run(mitmdump, ['-nr', file, '--set', 'flow_detail=0'], { env })
        expect(read.map(({ exchange, request, response }) => [exchange.state, latin1(request), latin1(response)])).toEqual(
          all.map(({ exchange, request, response }) => [exchange.state, latin1(request), latin1(response)]),
        )
        expect(read.map(({ exchange }) => exchange.request.truncated)).toEqual(all.map(({ exchange }) => exchange.request.truncated))
      }
    },
  },
  {
    exporter: 'cookies-txt',
    async read(file) {
      for (const line of text(file).split('\n')) if (line !== '' && !/^# |^#$/.test(line)) expect(line.split('\t').length, line).toBe(7)
      return () => undefined
    },
  },
  {
    exporter: 'storage-state',
    async read(file) {
      const { cookies, origins } = JSON.parse(text(file)) as { cookies: unknown[]; origins: unknown[] }
      expect([Array.isArray(cookies), origins]).toEqual([true, []])
      return () => undefined
    },
  },
  {
    exporter: 'otlp',
    async read(file) {
      const spans = text(file).trimEnd().split('\n').flatMap(readTraces)
      return (exchanges, all) => expect([spans.length, exchanges]).toEqual([all.length, all.length])
    },
  },
  {
    exporter: 'curl',
    options: { shell: 'powershell' },
    async read(file) {
      const runs = runsOf(text(file))
      return (exchanges, all) => {
        expect(runs.length).toBe(exchanges)
        expect(runs.length).toBe(all.filter(({ requestWhole }) => requestWhole).length)
      }
    },
  },
  ...(gofmt === null
    ? []
    : [
        {
          exporter: 'snippet',
          options: { language: 'go' },
          async read(file: string) {
            const { stdout } = await run(gofmt, ['-e', file], { maxBuffer: 64 * 1024 * 1024 })
            return (exchanges: number, all: readonly HostileExchange[]) => {
              expect(stdout.match(/:= newRequest\(/g)?.length).toBe(exchanges)
              expect(exchanges).toBe(all.filter(({ requestWhole }) => requestWhole).length)
            }
          },
        },
      ]),
  ...(tshark === null
    ? []
    : [
        {
          exporter: 'pcapng',
          async read(file: string, folder: string) {
            const fields = ['tcp.stream', 'tcp.dstport', 'tcp.payload'].flatMap((field) => ['-e', field])
            const words = ['-n', '-r', file, '-o', 'tcp.check_checksum:TRUE', '-T', 'fields', ...fields, '-Y', 'tcp.len > 0']
            const env = { PATH: process.env.PATH, HOME: folder, LC_ALL: 'C.UTF-8' }
            const output = execFileSync(tshark, words, {
              encoding: 'utf8',
              env,
              maxBuffer: 64 * 1024 * 1024,
              stdio: ['ignore', 'pipe', 'ignore'],
            })
            const streams = new Map<string, string>()
            for (const line of output.trimEnd().split('\n')) {
              const [stream = '', port = '', payload = ''] = line.split('\t')
              const key = `${stream} ${port === '80' ? 'sent' : 'received'}`
              streams.set(key, (streams.get(key) ?? '') + Buffer.from(payload, 'hex').toString('latin1'))
            }
            return (_: number, all: readonly HostileExchange[]) => {
              for (const [index, { name, exchange, request, response }] of all.entries()) {
                expect(streams.get(`${index} sent`)?.endsWith(`\r\n\r\n${latin1(request)}`), name).toBe(true)
                if (exchange.response === null) continue
                expect(streams.get(`${index} received`)?.endsWith(`\r\n\r\n${latin1(response)}`), name).toBe(true)
              }
            }
          },
        },
      ]),
]

interface OpenapiOperation {
  requestBody?: { content: Record<string, { schema?: { properties?: object } }> }
  responses: Record<string, { content?: Record<string, { schema?: object }> }>
}
interface ReportRow {
  requestBody: string
  responseBody: string
}

function isJsonText(content: string | null): boolean {
  try {
    JSON.parse(content ?? '')
    return true
  } catch {
    return false
  }
}

/** Of a body that is no form. */
function postmanBytes(body: PostmanBody | undefined): Buffer {
  if (body?.mode === 'raw') return Buffer.from(body.raw)
  if (body?.mode === 'file') return Buffer.from(body.file.content, 'base64')
  throw new Error(`a hostile body as ${body?.mode}`)
}

const titled = <Each extends { exporter: string; options?: Record<string, unknown> }>(each: Each) => ({
  ...each,
  title: [each.exporter, ...Object.values(each.options ?? {}).filter((value) => typeof value === 'string')].join(' '),
})

describe.each(rows.map(titled))('as $title', ({ exporter, options, read }) => {
  it('all that is whole is there, and what is not is said or left out', async () => {
    const { all, folder, export: exported } = await stage()
    const { file, exchanges } = await exported(exporter, 'off', options)
    const check = await read(file, folder)
    await check(exchanges, all)
    // What hides secrets reads all bodies, too.
    const redacted = await exported(exporter, 'standard', options)
    await read(redacted.file, folder)
  })
})

const require = createRequire(import.meta.url)
const httpyac = require.resolve('httpyac/bin/httpyac.js')

/** Programs that make the requests again. */
const replays: { exporter: string; options?: Record<string, unknown>; name: string; command: (string | null)[] }[] = [
  { exporter: 'curl', name: 'session.sh', command: [bash, 'session.sh'] },
  { exporter: 'snippet', name: 'session.mjs', command: [process.execPath, 'session.mjs'] },
  { exporter: 'snippet', options: { language: 'axios' }, name: 'session.mjs', command: [process.execPath, 'session.mjs'] },
  { exporter: 'snippet', options: { language: 'python' }, name: 'session.py', command: [pythonWithRequests(), 'session.py'] },
  { exporter: 'http', name: 'session.http', command: [process.execPath, httpyac, 'send', 'session.http', '--all', '-o', 'none'] },
]

describe.each(replays.map(titled))('made again by $name ($title)', ({ exporter, options, name, command: [program, ...words] }) => {
  it.skipIf(!program)('each request that was whole arrives as it was, no other does, and all are counted', async () => {
    const origin = await startExactOrigin(() => Buffer.from('HTTP/1.1 204 OK\r\nConnection: close\r\n\r\n'), false)
    const { all, folder, export: exported } = await stage(origin.url)
    const { file, exchanges } = await exported(exporter, 'off', options)
    symlinkSync(resolve(require.resolve('axios/package.json'), '../..'), join(folder, 'node_modules'))
    copyFileSync(file, join(folder, name))
    const env = { PATH: process.env.PATH, HOME: folder, PYTHONDONTWRITEBYTECODE: '1' }
    await run(program as string, words as string[], { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 })
    for (const { head, body } of origin.requests) {
      const each = named(all, targetOf(head))
      expect(each.requestWhole, each.name).toBe(true)
      expect(latin1(body), each.name).toBe(latin1(each.request))
    }
    expect(origin.requests.length).toBe(exchanges)
    // Few bodies have a form in .http files.
    expect(exchanges).toBeGreaterThan(5)
  })
})
