/** The document (OpenAPI 3.1.0) of what a path tree has seen. */
import type { PathNode, PathTree } from './path-tree.ts'
import type { SecurityScheme } from './security.ts'
import { capital, kindSchema, parameterName, words } from './segments.ts'
import type { JsonSchema } from './shape.ts'

export type PathItem = { [key: string]: unknown }

export interface ApiDocument {
  openapi: string
  info: JsonSchema
  servers: { url: string }[]
  paths: { [path: string]: PathItem }
  components?: { securitySchemes?: { [name: string]: SecurityScheme } }
  [more: string]: unknown
}

interface Place {
  path: string
  /** The last literal segment. */
  literal: string
  parameters: JsonSchema[]
  names: string[]
}

/** @param origins in the order they were seen */
export function apiDocument(tree: PathTree, title: string, origins: string[], schemes: Map<string, SecurityScheme>): ApiDocument {
  const items: [string, PathItem][] = []
  collect(tree.root, { path: '', literal: '', parameters: [], names: [] }, origins, items)
  items.sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    openapi: '3.1.0',
    info: { title, version: '1.0.0' },
    servers: origins.length > 0 ? origins.map((url) => ({ url })) : [{ url: '/' }],
    paths: Object.fromEntries(items),
    ...(schemes.size > 0 && { components: { securitySchemes: Object.fromEntries([...schemes].sort(([a], [b]) => (a < b ? -1 : 1))) } }),
  }
}

function collect(node: PathNode, place: Place, origins: string[], items: [string, PathItem][]): void {
  if (node.operations.size > 0) items.push([place.path, pathItem(node, place, origins)])
  for (const [segment, child] of node.literals)
    collect(child, { ...place, path: `${place.path}/${segment}`, literal: segment || place.literal }, origins, items)
  const { parameter } = node
  if (!parameter) return
  const name = parameter.name ?? parameterName(place.literal, parameter.kinds, place.names)
  const schema = { name, in: 'path', required: true, schema: kindSchema(parameter.kinds) }
  const below = { ...place, path: `${place.path}/{${name}}`, names: [...place.names, name], parameters: [...place.parameters, schema] }
  collect(parameter, below, origins, items)
}

function pathItem({ operations, origins: here }: PathNode, { path, parameters }: Place, origins: string[]): PathItem {
  const item: PathItem = {}
  if (here.size < origins.length) item.servers = [...here].map((url) => ({ url }))
  for (const [method, operation] of [...operations].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { parameters: query, ...rest } = operation.object()
    const all = [...parameters, ...query]
    item[method] = { operationId: '', summary: `${method.toUpperCase()} ${path}`, ...(all.length > 0 && { parameters: all }), ...rest }
  }
  return item
}

/** Gives each operation that has none an id that follows from method and path alone, unless two would have the same. */
export function nameOperations(document: ApiDocument): void {
  const taken = new Set<unknown>()
  const unnamed: [string, string, PathItem][] = []
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (!isOperation(method, operation)) continue
      if (typeof operation.operationId === 'string' && operation.operationId !== '') taken.add(operation.operationId)
      else unnamed.push([path, method, operation])
    }
  }
  for (const [path, method, operation] of unnamed) {
    const id = operationId(method, path)
    let name = id
    for (let number = 2; taken.has(name); number++) name = `${id}${number}`
    taken.add(name)
    operation.operationId = name
  }
}

export const methods = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'])

export const isOperation = (method: string, operation: unknown): operation is PathItem =>
  methods.has(method) && typeof operation === 'object' && operation !== null

/** GET /users/{userId}/posts: getUsersByUserIdPosts. */
const operationId = (method: string, path: string): string =>
  method +
  (path
    .split('/')
    .map((segment) => (segment.startsWith('{') ? `By${capital(words(segment))}` : capital(words(segment))))
    .join('') || 'Root')
