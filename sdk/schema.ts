/**
 * The one home of the schema library. Its types derive TypeScript from a schema; the schemas themselves are plain JSON
 * Schema, made here: importing the library costs every thread 24 MB and 80 ms, for these dozen constructors.
 */
import type { Static, TOptional, TProperties, TSchema, Type as TypeBox } from 'typebox'
import type { XStatic } from 'typebox/schema'

export type { Static, TSchema }

type Constructors = Pick<
  typeof TypeBox,
  | 'Array'
  | 'Boolean'
  | 'Integer'
  | 'Null'
  | 'Number'
  | 'Object'
  | 'Optional'
  | 'Record'
  | 'String'
  | 'Tuple'
  | 'Union'
  | 'Unknown'
  | 'Unsafe'
>

/** On a schema whose property may be absent; not enumerable, so it is no part of the JSON. */
const optionalMark = Symbol('optional')

const plain =
  (type: string) =>
  (options: object = {}) => ({ type, ...options })

const constructors = {
  Array: (items: TSchema, options: object = {}) => ({ type: 'array', items, ...options }),
  Boolean: plain('boolean'),
  Integer: plain('integer'),
  Null: plain('null'),
  Number: plain('number'),
  Object(properties: TProperties, options: object = {}) {
    const required = Object.keys(properties).filter((name) => !(optionalMark in (properties[name] as object)))
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...options }
  },
  Optional: (schema: TSchema): TOptional<TSchema> =>
    Object.defineProperty({ ...schema }, optionalMark, { value: true }) as unknown as TOptional<TSchema>,
  /** With keys of any text. */
  Record: (_key: TSchema, value: TSchema, options: object = {}) => ({ type: 'object', patternProperties: { '^.*$': value }, ...options }),
  String: plain('string'),
  Tuple: (items: TSchema[], options: object = {}) => ({
    type: 'array',
    additionalItems: false,
    items,
    minItems: items.length,
    ...options,
  }),
  Union: (anyOf: TSchema[], options: object = {}) => ({ anyOf, ...options }),
  Unknown: (options: object = {}) => ({ ...options }),
  Unsafe: (schema: object) => schema,
}

export const Type = constructors as unknown as Constructors

/** An object whose unknown keys are errors: params, configuration. */
export const closed = <P extends TProperties>(properties: P, options: { description?: string } = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options })

/** An object that may grow: results. Clients ignore what they do not know. */
export const open = <P extends TProperties>(properties: P, options: { description?: string } = {}) => Type.Object(properties, options)

/** One word out of a closed list. */
export const words = <const W extends readonly string[]>(...list: W) => Type.Unsafe<W[number]>({ type: 'string', enum: [...list] })

/** `T | null`. */
export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** Names of the properties that have a default: they are there once it is filled in. */
type Defaulted<Schema> = Schema extends { properties: infer P }
  ? { [Name in keyof P]: P[Name] extends { default: unknown } ? Name : never }[keyof P]
  : never

type Certain<Value, Name> = {
  [N in keyof Value as N extends Name ? never : N]: Value[N]
} & { [N in keyof Value as N extends Name ? N : never]-?: Exclude<Value[N], undefined> }

/** The type of a value that a JSON Schema accepts, with the defaults of its properties filled in. The schema is a literal, or made of the constructors here. */
export type Described<Schema extends object> = Certain<
  Schema extends TSchema & { '~kind': string } ? Static<Schema> : XStatic<Schema>,
  Defaulted<Schema>
>
