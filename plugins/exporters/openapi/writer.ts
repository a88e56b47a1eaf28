/** Reads the session once and writes the document at its end. Memory holds the document, whose size is bounded, and one exchange. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { fieldValue } from '../../../sdk/field-value.ts'
import type { ExportedExchange } from '../../../sdk/plugin.ts'
import { uriOf } from '../text/uri.ts'
import { BodyReader } from './body.ts'
import { apiDocument, methods, nameOperations } from './document.ts'
import { checkExisting, mergeDocument } from './merge-document.ts'
import { PathTree } from './path-tree.ts'
import { isKeyParameter, type SecurityScheme, securityOf } from './security.ts'

interface ApiWriterOptions {
  title: string
  /** A document to merge into. */
  existing: object | null
  examples: boolean
}

/** Beyond so many shapes schemas say `{}`. */
const shapesMaximum = 200_000
const originsMaximum = 500
const schemesMaximum = 200
/** On the wire; the schema of a larger body allows everything. */
const bodyMaximum = 16 * 1024 * 1024

export class ApiWriter {
  #options: ApiWriterOptions
  #tree: PathTree
  #bodies = new BodyReader(bodyMaximum)
  #origins = new Set<string>()
  #schemes = new Map<string, SecurityScheme>()
  /** Servers of the document that was there whose URL has a path. */
  #bases: string[] = []

  constructor(options: ApiWriterOptions) {
    this.#options = options
    this.#tree = new PathTree({ left: shapesMaximum }, options.examples)
  }

  /** @param leaveOut called for each exchange that is no call of an API: tunnels, WebSockets, CORS preflights, what had no answer. */
  async write(exchanges: AsyncIterable<ExportedExchange>, out: Writable, leaveOut: () => void): Promise<void> {
    const { existing, title } = this.#options
    if (existing) {
      checkExisting(existing)
      for (const path of Object.keys(existing.paths ?? {})) this.#tree.keep(path.split('/').slice(1))
      this.#bases = existing.servers?.map(({ url }) => url.replace(/\/$/, '')).filter((url) => /^https?:\/\/[^/]+\//.test(url)) ?? []
    }
    for await (const exchange of exchanges) if (!(await this.#observe(exchange))) leaveOut()
    const captured = apiDocument(this.#tree, title, [...this.#origins], this.#schemes)
    const document = existing ? mergeDocument(existing, captured) : captured
    nameOperations(document)
    if (!out.write(`${JSON.stringify(document, null, 2)}\n`)) await once(out, 'drain')
  }

  async #observe(exchange: ExportedExchange): Promise<boolean> {
    const { request, response, kind } = exchange
    const method = request.method.toLowerCase()
    if (kind !== 'http' || !response || !methods.has(method)) return false
    if (method === 'options' && fieldValue(request.headers, 'access-control-request-method')) return false
    const { origin, segments, query } = target(request.url, this.#bases)
    if (!this.#origins.has(origin) && this.#origins.size >= originsMaximum) return false
    const operation = this.#tree.operation(origin, method, segments)
    if (!operation) return false
    this.#origins.add(origin)
    const security = securityOf(request, query.keys())
    for (const name of query.keys()) if (isKeyParameter(name)) query.delete(name)
    for (const [name, scheme] of security) if (this.#schemes.size < schemesMaximum) this.#schemes.set(name, scheme)
    operation.observe({
      query,
      security: new Map([...security].filter(([name]) => this.#schemes.has(name))),
      requestBody: await this.#bodies.read(exchange, 'request'),
      status: response.status >= 100 && response.status <= 599 ? String(response.status) : 'default',
      reason: response.reason,
      responseBody: method === 'head' ? null : await this.#bodies.read(exchange, 'response'),
    })
    this.#tree.settle(segments)
    return true
  }
}

interface Target {
  origin: string
  segments: string[]
  /** Values of each parameter. */
  query: Map<string, string[]>
}

function target(url: string, bases: readonly string[]): Target {
  const valid = uriOf(url)
  const base = bases.find((each) => valid.startsWith(each) && /^[/?]|^$/.test(valid.slice(each.length)))
  const origin = base ?? /^[a-z]+:\/\/[^/?]*/i.exec(valid)?.[0] ?? ''
  const [, path = '', search = ''] = /^([^?]*)\??(.*)$/.exec(valid.slice(origin.length)) ?? []
  const query = new Map<string, string[]>()
  if (search !== '') {
    for (const [name, value] of new URLSearchParams(search)) {
      const values = query.get(name)
      if (values) values.push(value)
      else query.set(name, [value])
    }
  }
  return { origin, segments: path === '' ? [''] : path.slice(1).split('/'), query }
}
