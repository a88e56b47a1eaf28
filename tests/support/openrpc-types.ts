/** TypeScript out of an OpenRPC document, as a generator of clients makes it: from nothing but the document. */

interface Schema {
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  properties?: { [name: string]: Schema }
  required?: string[]
  additionalProperties?: boolean | Schema
  patternProperties?: { [pattern: string]: Schema }
  items?: Schema | Schema[]
}

export interface OpenRpc {
  openrpc: string
  methods: {
    name: string
    params: { name: string; required: boolean; schema: Schema }[]
    result: { name: string; schema: Schema }
  }[]
  'x-notifications': { name: string; params: Schema }[]
}

export const typesOf = (document: OpenRpc): string => `export interface Methods {
${document.methods.map(({ name, params, result }) => `  ${JSON.stringify(name)}: { params: ${paramsOf(params)}; result: ${typeOf(result.schema)} }`).join('\n')}
}
export interface Notifications {
${document['x-notifications'].map(({ name, params }) => `  ${JSON.stringify(name)}: ${typeOf(params)}`).join('\n')}
}
`

const paramsOf = (params: OpenRpc['methods'][number]['params']): string =>
  `{ ${params.map(({ name, required, schema }) => `${JSON.stringify(name)}${required ? '' : '?'}: ${typeOf(schema)}`).join('; ')} }`

function typeOf(schema: Schema): string {
  const { type, enum: words, anyOf, items } = schema
  if ('const' in schema) return JSON.stringify(schema.const)
  if (words) return words.map((word) => JSON.stringify(word)).join(' | ')
  if (anyOf) return anyOf.map((one) => `(${typeOf(one)})`).join(' | ')
  if (Array.isArray(type)) return type.map((one) => `(${typeOf({ ...schema, type: one })})`).join(' | ')
  if (type === 'array') return Array.isArray(items) ? `[${items.map(typeOf).join(', ')}]` : `(${items ? typeOf(items) : 'unknown'})[]`
  if (type === 'object') return objectOf(schema)
  if (type === 'string' || type === 'boolean' || type === 'null') return type
  if (type === 'number' || type === 'integer') return 'number'
  if (type === undefined) return 'unknown'
  throw new Error(`a schema that no generator knows: ${JSON.stringify(schema)}`)
}

function objectOf({ properties, required = [], additionalProperties, patternProperties }: Schema): string {
  const values = patternProperties
    ? Object.values(patternProperties)
    : typeof additionalProperties === 'object'
      ? [additionalProperties]
      : []
  if (!properties) return `{ [key: string]: ${values.map(typeOf).join(' | ') || 'unknown'} }`
  const fields = Object.entries(properties).map(
    ([name, schema]) => `${JSON.stringify(name)}${required.includes(name) ? '' : '?'}: ${typeOf(schema)}`,
  )
  return `{ ${fields.join('; ')} }`
}
