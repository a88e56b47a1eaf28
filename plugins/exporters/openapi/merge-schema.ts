/** Two schemas (JSON Schema 2020-12) as one that all values seen for either satisfy. */
import { isDeepStrictEqual } from 'node:util'
import type { JsonSchema } from './shape.ts'

type Schema = JsonSchema | boolean

/** What says nothing of a value. */
const annotations = new Set([
  'title',
  'description',
  'example',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'externalDocs',
  '$comment',
  'xml',
])
/** What is understood here, and so can be widened. */
const understood = new Set(['type', 'format', 'items', 'properties', 'required', 'additionalProperties'])

const isObject = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null && !Array.isArray(value)
const isSchema = (value: unknown): value is Schema => isObject(value) || typeof value === 'boolean'
const isAnnotation = (keyword: string) => annotations.has(keyword) || keyword.startsWith('x-')

/**
 * The schema that was there, as little changed as possible: what its author wrote of types, properties and items is widened, and beside all else
 * (`$ref`, `enum`, `allOf`, ...) what was observed stands as an alternative. The very same one when it is wide enough.
 * @param resolve what a `$ref` of the document means; undefined: it is not within reach
 */
export function mergeSchema(there: unknown, observed: JsonSchema, resolve: (ref: string) => unknown = () => undefined): Schema {
  if (there === true) return true
  if (!isObject(there)) return observed
  if (isDeepStrictEqual(there, observed)) return there
  if (says(there).length === 0) return there
  if (says(observed).length === 0) return { ...pick(there, isAnnotation), ...observed }
  const keywords = says(there)
  if (keywords.length === 1 && typeof there.$ref === 'string') return behindReference(there, there.$ref, observed, resolve)
  if (keywords.length === 1 && Array.isArray(there.anyOf)) return oneMore(there, there.anyOf, observed, resolve)
  if (keywords.every((keyword) => understood.has(keyword))) return widened(there, observed, resolve)
  return { anyOf: [there, observed] }
}

const says = (schema: JsonSchema): string[] => Object.keys(schema).filter((keyword) => !isAnnotation(keyword))
const pick = (schema: JsonSchema, wanted: (keyword: string) => boolean): JsonSchema =>
  Object.fromEntries(Object.entries(schema).filter(([keyword]) => wanted(keyword)))

function behindReference(there: JsonSchema, ref: string, observed: JsonSchema, resolve: (ref: string) => unknown): Schema {
  const target = resolve(ref)
  const known = isSchema(target) && mergeSchema(target, observed, resolve) === target
  return known ? there : { anyOf: [there, observed] }
}

/** The alternative that is wide enough leaves all as it is; else the one that can be widened is. */
function oneMore(there: JsonSchema, alternatives: unknown[], observed: JsonSchema, resolve: (ref: string) => unknown): Schema {
  const merged = alternatives.map((each) => (isSchema(each) ? mergeSchema(each, observed, resolve) : each))
  if (merged.some((each, index) => each === alternatives[index])) return there
  const at = alternatives.findIndex((each) => isObject(each) && says(each).every((keyword) => understood.has(keyword)))
  const anyOf = at < 0 ? [...alternatives, observed] : alternatives.with(at, merged[at])
  return { ...there, anyOf }
}

function widened(there: JsonSchema, observed: JsonSchema, resolve: (ref: string) => unknown): Schema {
  const result: JsonSchema = { ...there }
  const types = [typesOf(there), typesOf(observed)] as const
  if (types[0] && types[1]) result.type = typeKeyword(types[0], types[1])
  else delete result.type
  const both = (type: string) => types.every((each) => each === null || each.has(type))
  const onlyObserved = (type: string) => types[0] !== null && !types[0].has(type)
  if (both('string') ? there.format !== observed.format : onlyObserved('string')) delete result.format
  if (onlyObserved('string') && typeof observed.format === 'string') result.format = observed.format
  mergeItems(result, there, observed, resolve)
  mergeObjects(result, there, observed, { both: both('object'), onlyObserved: onlyObserved('object') }, resolve)
  return isDeepStrictEqual(result, there) ? there : result
}

function mergeItems(result: JsonSchema, there: JsonSchema, observed: JsonSchema, resolve: (ref: string) => unknown): void {
  if (observed.items === undefined) return
  if (there.items === undefined && typesOf(there)?.has('array') !== false) return
  result.items = mergeSchema(there.items, observed.items as JsonSchema, resolve)
}

interface Objects {
  both: boolean
  onlyObserved: boolean
}

function mergeObjects(
  result: JsonSchema,
  there: JsonSchema,
  observed: JsonSchema,
  objects: Objects,
  resolve: (ref: string) => unknown,
): void {
  if (!typesOf(observed)?.has('object')) return
  if (objects.onlyObserved) {
    for (const keyword of ['properties', 'required', 'additionalProperties']) {
      if (observed[keyword] === undefined) delete result[keyword]
      else result[keyword] = observed[keyword]
    }
    return
  }
  const required = strings(there.required).filter((key) => strings(observed.required).includes(key))
  if (required.length > 0) result.required = required
  else delete result.required
  const mine = properties(there)
  const seen = properties(observed)
  // Where one is a map, its values are what the other's properties hold, too.
  const rest = isSchema(there.additionalProperties) && there.additionalProperties !== false ? there.additionalProperties : undefined
  const map = isObject(observed.additionalProperties) ? observed.additionalProperties : undefined
  if (map) result.additionalProperties = there.additionalProperties === undefined ? undefined : mergeSchema(rest, map, resolve)
  if (result.additionalProperties === undefined) delete result.additionalProperties
  const merged = new Map<string, unknown>(mine)
  if (map) for (const [key, schema] of mine) merged.set(key, mergeSchema(schema, map, resolve))
  for (const [key, schema] of seen) {
    const known = merged.get(key)
    if (known !== undefined) merged.set(key, mergeSchema(known, schema, resolve))
    else if (there.additionalProperties === undefined || rest === undefined) merged.set(key, schema)
    else merged.set(key, mergeSchema(rest, schema, resolve))
  }
  if (merged.size > 0) result.properties = Object.fromEntries(merged)
}

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [])
const properties = ({ properties: found }: JsonSchema): Map<string, JsonSchema> =>
  new Map(isObject(found) ? (Object.entries(found) as [string, JsonSchema][]) : [])

/** null: of any type. */
function typesOf({ type }: JsonSchema): Set<string> | null {
  if (type === undefined) return null
  return new Set(Array.isArray(type) ? strings(type) : strings([type]))
}

function typeKeyword(there: Set<string>, observed: Set<string>): string | string[] {
  const union = new Set([...there, ...observed])
  if (union.has('number')) union.delete('integer')
  return union.size === 1 ? ([...union][0] as string) : [...union]
}
