/** Records exchanges by the size of their bodies. */
import { defineFilter } from '../../sdk/plugin.ts'
import { printQuery, type Query } from '../../sdk/query.ts'

const bytes = { type: 'integer', minimum: 0 } as const

const size = defineFilter({
  kind: 'filter',
  name: 'size',
  version: '1.0.0',
  api: 1,
  description: 'Records exchanges whose bodies, request and response together, have between min and max bytes on the wire',
  config: { type: 'object', additionalProperties: false, minProperties: 1, properties: { min: bytes, max: bytes } },
  create: ({ min = 0, max = Number.MAX_SAFE_INTEGER }) => {
    const between: Query = { type: 'term', field: 'size', test: { type: 'range', from: min, to: max } }
    return { where: printQuery(between) }
  },
})

export default size
