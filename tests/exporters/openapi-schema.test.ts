/** Schemas that are made of values: whatever was seen satisfies them. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mergeSchema } from '../../plugins/exporters/openapi/merge-schema.ts'
import { type JsonSchema, Shape } from '../../plugins/exporters/openapi/shape.ts'

function validator(schema: object | boolean) {
  // Else a key like `constructor` is looked for in prototypes, too.
  const ajv = new Ajv2020({ strict: false, ownProperties: true })
  addFormats.default(ajv)
  return ajv.compile(schema)
}

function shapeOf(values: unknown[], budget = 100_000): Shape {
  const shape = new Shape({ left: budget })
  for (const value of values) shape.observe(value)
  return shape
}

const schemaOf = (...values: unknown[]): JsonSchema => shapeOf(values).schema() ?? {}

/** Keys repeat, so that objects have something in common; strings look like dates and ids, and nearly so. */
const key = fc.oneof(fc.constantFrom('a', 'b', 'id', '__proto__', 'constructor', ''), fc.string({ maxLength: 4 }))
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.uuid(),
  fc.ipV4(),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom('2024-02-30', '2023-02-28', '2024-02-29T23:59:60Z', '2024-01-01T00:00:00', '1.2.3.256', '1.2.3.4.', '0000-00-00'),
)
const leaf = fc.oneof(text, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null))
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('json'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('json')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
}))
const anyJson = json.map((value) => JSON.parse(JSON.stringify(value)) as unknown)

describe('a shape', () => {
  test('says what values have in common', () => {
    expect(schemaOf({ id: 1, name: 'a', tags: [] }, { id: 2.5, name: null, tags: ['x'], more: true })).toEqual({
      type: 'object',
      properties: {
        id: { type: 'number' },
        name: { type: ['string', 'null'] },
        tags: { type: 'array', items: { type: 'string' } },
        more: { type: 'boolean' },
      },
      required: ['id', 'name', 'tags'],
    })
  })

  test('names a format that all strings have', () => {
    expect(schemaOf('2024-02-29', '2023-12-31')).toEqual({ type: 'string', format: 'date' })
    expect(schemaOf('2024-02-29', '2023-02-29')).toEqual({ type: 'string' })
    expect(schemaOf('2024-02-29T10:00:00.5+02:00')).toEqual({ type: 'string', format: 'date-time' })
    expect(schemaOf('192.0.2.1')).toEqual({ type: 'string', format: 'ipv4' })
    expect(schemaOf('')).toEqual({ type: 'string' })
  })

  test('of an object with very many keys is a map', () => {
    const wide = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`k${index}`, index]))
    expect(schemaOf(wide, { other: 'x' })).toEqual({ type: 'object', additionalProperties: { type: ['string', 'integer'] } })
  })

  test('allows everything where it is too deep, or a number is none for validators', () => {
    let deep: unknown = 1
    for (let depth = 0; depth < 5000; depth++) deep = [deep]
    expect(validator(schemaOf(deep))(deep)).toBe(true)
    expect(schemaOf(JSON.parse('[1e400]'))).toEqual({ type: 'array', items: {} })
  })

  test('any values satisfy the schema that was made of them', () => {
    fc.assert(
      fc.property(fc.array(anyJson, { minLength: 1, maxLength: 6 }), (values) => {
        const valid = validator(schemaOf(...values))
        for (const value of values) expect(valid(value)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('also when there was no room for what they have in common', () => {
    fc.assert(
      fc.property(fc.array(anyJson, { minLength: 1, maxLength: 6 }), fc.integer({ min: 0, max: 6 }), (values, budget) => {
        const valid = validator(shapeOf(values, budget).schema() ?? {})
        for (const value of values) expect(valid(value)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  test('takes what another has seen', () => {
    fc.assert(
      fc.property(fc.array(anyJson, { maxLength: 5 }), fc.array(anyJson, { maxLength: 5 }), (some, others) => {
        const shape = shapeOf(some)
        shape.merge(shapeOf(others))
        expect(shape.schema()).toEqual(shapeOf([...some, ...others]).schema())
      }),
      { numRuns: 200 },
    )
  })
})

describe('a schema that is there', () => {
  test('and one that was observed: what either was made of satisfies both as one', () => {
    fc.assert(
      fc.property(fc.array(anyJson, { minLength: 1, maxLength: 4 }), fc.array(anyJson, { minLength: 1, maxLength: 4 }), (some, others) => {
        const valid = validator(mergeSchema(schemaOf(...some), schemaOf(...others)))
        for (const value of [...some, ...others]) expect(valid(value)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('is the very same when it is wide enough', () => {
    fc.assert(
      fc.property(fc.array(anyJson, { minLength: 1, maxLength: 4 }), (values) => {
        const there = schemaOf(...values)
        expect(mergeSchema(there, schemaOf(values[0]))).toBe(there)
      }),
      { numRuns: 200 },
    )
  })

  test('keeps what its author wrote beside what is widened', () => {
    const there = {
      type: 'object',
      description: 'A user',
      properties: { id: { type: 'integer', description: 'Never reused' }, old: { type: 'string' } },
      required: ['id', 'old'],
      additionalProperties: false,
    }
    expect(mergeSchema(there, schemaOf({ id: '7', extra: 1 }))).toEqual({
      ...there,
      properties: { id: { type: ['integer', 'string'], description: 'Never reused' }, old: { type: 'string' }, extra: { type: 'integer' } },
      required: ['id'],
    })
  })

  test('with words that are not understood stands beside what was observed, once', () => {
    const there = { type: 'string', enum: ['a', 'b'] }
    const once = mergeSchema(there, schemaOf('c')) as JsonSchema
    expect(once).toEqual({ anyOf: [there, { type: 'string' }] })
    expect(mergeSchema(once, schemaOf('d'))).toBe(once)
    expect(mergeSchema(once, schemaOf('d', 1))).toEqual({ anyOf: [there, { type: ['string', 'integer'] }] })
  })

  test('may be a reference, which stays one while what it means is wide enough', () => {
    const resolve = (ref: string) => (ref === '#/user' ? schemaOf({ id: 1 }) : undefined)
    const seen = new Map<string, unknown>()
    const stable = (ref: string) => seen.get(ref) ?? seen.set(ref, resolve(ref)).get(ref)
    const there = { $ref: '#/user' }
    expect(mergeSchema(there, schemaOf({ id: 2 }), stable)).toBe(there)
    expect(mergeSchema(there, schemaOf({ id: 'x' }), stable)).toEqual({ anyOf: [there, schemaOf({ id: 'x' })] })
  })

  test.each([
    [true, true],
    [{}, {}],
    [{ description: 'anything' }, { description: 'anything' }],
    [false, { type: 'integer' }],
    [undefined, { type: 'integer' }],
  ])('%j becomes %j', (there, merged) => {
    expect(mergeSchema(there, schemaOf(1))).toEqual(merged)
  })
})
