/** What was captured goes into a document that is there: everything its author wrote stays, and is widened where traffic says otherwise. */
import { isDeepStrictEqual } from 'node:util'
import { invalidParams } from '../../../sdk/errors.ts'
import { type ApiDocument, isOperation, type PathItem } from './document.ts'
import { mergeSchema } from './merge-schema.ts'
import type { JsonSchema } from './shape.ts'

type Resolve = (ref: string) => unknown

const isObject = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null && !Array.isArray(value)
const objectOf = (value: unknown): JsonSchema => (isObject(value) ? value : {})
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** @throws -32602 invalidOptions when it is no OpenAPI 3.1 document. */
export function checkExisting(document: unknown): asserts document is ApiDocument {
  const message = 'existing must be an OpenAPI 3.1 document as JSON: an object with `openapi: "3.1.x"` and `info`'
  const fits = isObject(document) && typeof document.openapi === 'string' && document.openapi.startsWith('3.1.') && isObject(document.info)
  if (!fits || !Object.values(objectOf(document.paths)).every(isObject))
    throw invalidParams('invalidOptions', message, [{ path: '/options/existing', message }])
}

export function mergeDocument(there: ApiDocument, captured: ApiDocument): ApiDocument {
  const resolve = resolver(there)
  const paths = { ...objectOf(there.paths) } as ApiDocument['paths']
  for (const [path, item] of Object.entries(captured.paths)) {
    const known = Object.hasOwn(paths, path) ? paths[path] : undefined
    define(paths, path, known ? mergePathItem(known, item, resolve) : item)
  }
  const schemes = captured.components?.securitySchemes
  const components = objectOf(there.components)
  const securitySchemes = { ...schemes, ...(components.securitySchemes as typeof schemes) }
  return {
    ...there,
    servers: mergeServers(there.servers, captured.servers) as ApiDocument['servers'],
    paths,
    ...(schemes && { components: { ...components, securitySchemes } }),
  }
}

/** Also of a key like `__proto__`. */
const define = (object: object, key: string, value: unknown) =>
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })

function mergeServers(there: unknown, captured: { url: string }[]): unknown[] {
  const known = listOf(there)
  const urls = new Set(known.map((server) => String(objectOf(server).url).replace(/\/$/, '')))
  return [...known, ...captured.filter(({ url }) => !urls.has(url))]
}

function mergePathItem(there: PathItem, captured: PathItem, resolve: Resolve): PathItem {
  const merged: PathItem = { ...there }
  if (captured.servers !== undefined && there.servers !== undefined)
    merged.servers = mergeServers(there.servers, captured.servers as { url: string }[])
  const shared = listOf(there.parameters).map((each) => dereferenced(each, resolve))
  for (const [method, operation] of Object.entries(captured)) {
    if (!isOperation(method, operation)) continue
    const known = there[method]
    merged[method] = isObject(known) ? mergeOperation(known, operation, shared, resolve) : operation
  }
  return merged
}

function mergeOperation(there: JsonSchema, captured: JsonSchema, shared: JsonSchema[], resolve: Resolve): JsonSchema {
  const parameters = mergeParameters(listOf(there.parameters), listOf(captured.parameters) as JsonSchema[], shared, resolve)
  const requestBody = mergeRequestBody(there.requestBody, captured.requestBody, resolve)
  const responses: JsonSchema = { ...objectOf(there.responses) }
  for (const [status, response] of Object.entries(objectOf(captured.responses)))
    responses[status] = mergeInPlace(responses[status], response as JsonSchema, resolve, mergeContent)
  return {
    ...there,
    ...(parameters.length > 0 && { parameters }),
    ...(requestBody !== undefined && { requestBody }),
    responses,
    ...(there.security === undefined && captured.security !== undefined && { security: captured.security }),
  }
}

/** Those that the document did not know are optional: earlier calls had none. */
function mergeParameters(there: unknown[], captured: JsonSchema[], shared: JsonSchema[], resolve: Resolve): unknown[] {
  const key = ({ name, in: place }: JsonSchema) => `${place} ${name}`
  const seen = new Map(captured.map((parameter) => [key(parameter), parameter]))
  const merged = there.map((each) => {
    const parameter = dereferenced(each, resolve)
    const observed = seen.get(key(parameter))
    seen.delete(key(parameter))
    if (!observed && (parameter.in !== 'query' || parameter.required !== true)) return each
    return mergeInPlace(each, observed ?? {}, resolve, mergeParameter)
  })
  for (const parameter of shared) seen.delete(key(parameter))
  const added = [...seen.values()].map((parameter) => (parameter.in === 'path' ? parameter : withoutRequired(parameter)))
  return [...merged, ...added]
}

function mergeParameter(there: JsonSchema, observed: JsonSchema, resolve: Resolve): JsonSchema {
  const schema =
    observed.schema === undefined || there.schema === undefined
      ? there.schema
      : mergeSchema(there.schema, observed.schema as JsonSchema, resolve)
  const merged = { ...there, ...(schema !== undefined && { schema }) }
  return there.in === 'path' || observed.required === true ? merged : withoutRequired(merged)
}

function withoutRequired({ required: _, ...rest }: JsonSchema): JsonSchema {
  return rest
}

function mergeRequestBody(there: unknown, captured: unknown, resolve: Resolve): unknown {
  if (there === undefined) return isObject(captured) ? withoutRequired(captured) : undefined
  return mergeInPlace(there, objectOf(captured), resolve, (known, observed) => {
    const merged = mergeContent(known, observed, resolve)
    return observed.required === true ? merged : withoutRequired(merged)
  })
}

function mergeContent(there: JsonSchema, captured: JsonSchema, resolve: Resolve): JsonSchema {
  if (captured.content === undefined) return there
  const content: JsonSchema = { ...objectOf(there.content) }
  for (const [type, media] of Object.entries(objectOf(captured.content))) {
    const known = content[type]
    content[type] = isObject(known) ? mergeMediaType(known, objectOf(media), resolve) : media
  }
  return { ...there, content }
}

function mergeMediaType(there: JsonSchema, captured: JsonSchema, resolve: Resolve): JsonSchema {
  const merged: JsonSchema = { ...there }
  if (captured.schema !== undefined && there.schema !== undefined)
    merged.schema = mergeSchema(there.schema, captured.schema as JsonSchema, resolve)
  else if (captured.schema !== undefined) merged.schema = captured.schema
  if (captured.example !== undefined && there.example === undefined && there.examples === undefined) merged.example = captured.example
  return merged
}

/** A reference stays one as long as what it means is wide enough. */
function mergeInPlace(
  there: unknown,
  captured: JsonSchema,
  resolve: Resolve,
  merge: (there: JsonSchema, captured: JsonSchema, resolve: Resolve) => JsonSchema,
): unknown {
  if (there === undefined) return captured
  const known = dereferenced(there, resolve)
  const merged = merge(known, captured, resolve)
  return isDeepStrictEqual(merged, known) ? there : merged
}

function dereferenced(value: unknown, resolve: Resolve): JsonSchema {
  const object = objectOf(value)
  return typeof object.$ref === 'string' ? objectOf(resolve(object.$ref)) : object
}

/** Within the document (RFC 6901), through at most ten references. */
function resolver(document: ApiDocument): Resolve {
  const resolve = (ref: string, left: number): unknown => {
    if (!ref.startsWith('#/') || left === 0) return undefined
    const target = ref
      .slice(2)
      .split('/')
      .map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'))
      .reduce<unknown>((value, step) => (isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined), document)
    return isObject(target) && typeof target.$ref === 'string' ? resolve(target.$ref, left - 1) : target
  }
  return (ref) => resolve(ref, 10)
}
