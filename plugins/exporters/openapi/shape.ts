/** What the JSON values seen at one place have in common, and the JSON Schema (2020-12) that each of them satisfies. */
import { type StringFormat, stringFormat } from './string-format.ts'

export interface JsonSchema {
  [keyword: string]: unknown
}

/** How many more shapes may be made: what bounds the memory of an export. */
export interface ShapeBudget {
  left: number
}

interface Property {
  shape: Shape
  /** Objects that have it. */
  seen: number
}

/** An object with more keys is a map: its keys are data. */
const propertiesMaximum = 100
const depthMaximum = 48

export class Shape {
  readonly #budget: ShapeBudget
  readonly #depth: number
  /** Nothing can be said of it: it was too deep, too much, or not to be read. */
  #any = false
  #null = false
  #boolean = false
  #integer = false
  #number = false
  #string = false
  #format: StringFormat | null = null
  #array = false
  #items: Shape | null = null
  /** Objects seen. */
  #objects = 0
  #properties = new Map<string, Property>()
  /** Of a map: its values. */
  #values: Shape | null = null

  constructor(budget: ShapeBudget, depth = 0) {
    this.#budget = budget
    this.#depth = depth
    if (depth > depthMaximum || budget.left <= 0) this.#any = true
    else budget.left--
  }

  /** @param value as JSON.parse gives it. */
  observe(value: unknown): void {
    if (this.#any) return
    if (typeof value === 'string') this.#observeFormat(stringFormat(value))
    else if (typeof value === 'number') this.#observeNumber(value)
    else if (typeof value === 'boolean') this.#boolean = true
    else if (value === null) this.#null = true
    else if (Array.isArray(value)) this.#observeArray(value)
    else this.#observeObject(value as Record<string, unknown>)
  }

  /** A value that was not looked at: everything is allowed from now on. */
  observeUnread(): void {
    this.#any = true
    this.#items = this.#values = null
    this.#properties.clear()
  }

  /** What `other` saw has been seen here, too. */
  merge(other: Shape): void {
    if (other.#any) this.observeUnread()
    if (this.#any) return
    this.#null ||= other.#null
    this.#boolean ||= other.#boolean
    this.#integer ||= other.#integer
    this.#number ||= other.#number
    if (other.#string) this.#observeFormat(other.#format)
    this.#array ||= other.#array
    if (other.#items) this.#itemShape().merge(other.#items)
    this.#objects += other.#objects
    for (const [key, { shape, seen }] of other.#properties) this.#property(key, seen).merge(shape)
    if (other.#values) this.#asMap().merge(other.#values)
  }

  /** Paths of the keys down to `depth`: what tells resources of different kinds apart. */
  *keyPaths(depth: number, prefix = ''): Generator<string> {
    if (depth === 0) return
    for (const [key, { shape }] of this.#properties) {
      yield prefix + key
      yield* shape.keyPaths(depth - 1, `${prefix}${key}.`)
    }
    if (this.#items) yield* this.#items.keyPaths(depth, `${prefix}[].`)
  }

  /** null: no value was seen. */
  schema(): JsonSchema | null {
    if (this.#any) return {}
    const types = this.#types()
    if (types.length === 0) return null
    const schema: JsonSchema = { type: types.length === 1 ? types[0] : types }
    if (this.#string && this.#format !== null) schema.format = this.#format
    const items = this.#items?.schema() ?? null
    if (items !== null) schema.items = items
    if (this.#values) schema.additionalProperties = this.#values.schema() ?? {}
    else if (this.#objects > 0) Object.assign(schema, this.#objectKeywords())
    return schema
  }

  #types(): string[] {
    const types: string[] = []
    if (this.#objects > 0) types.push('object')
    if (this.#array) types.push('array')
    if (this.#string) types.push('string')
    if (this.#number) types.push('number')
    else if (this.#integer) types.push('integer')
    if (this.#boolean) types.push('boolean')
    if (this.#null) types.push('null')
    return types
  }

  #objectKeywords(): JsonSchema {
    // Many readers of schemas take every key of this name for a reference, and might follow it.
    const named = [...this.#properties].filter(([key]) => key !== '$ref')
    const properties = Object.fromEntries(named.map(([key, { shape }]) => [key, shape.schema() ?? {}]))
    const required = named.filter(([, { seen }]) => seen === this.#objects).map(([key]) => key)
    return { properties, ...(required.length > 0 && { required }) }
  }

  #observeFormat(format: StringFormat | null): void {
    this.#format = this.#string && this.#format !== format ? null : format
    this.#string = true
  }

  #observeNumber(value: number): void {
    // 1e400 is JSON, and beyond what a validator takes for a number.
    if (!Number.isFinite(value)) this.observeUnread()
    else if (Number.isInteger(value)) this.#integer = true
    else this.#number = true
  }

  #observeArray(values: unknown[]): void {
    this.#array = true
    if (values.length === 0) return
    const items = this.#itemShape()
    for (const value of values) items.observe(value)
  }

  #observeObject(value: Record<string, unknown>): void {
    this.#objects++
    for (const key in value) this.#property(key, 1).observe(value[key])
  }

  #itemShape(): Shape {
    this.#items ??= new Shape(this.#budget, this.#depth + 1)
    return this.#items
  }

  #property(key: string, seen: number): Shape {
    if (this.#values) return this.#values
    const known = this.#properties.get(key)
    if (known) {
      known.seen += seen
      return known.shape
    }
    if (this.#properties.size >= propertiesMaximum || this.#budget.left <= 0) return this.#asMap()
    const shape = new Shape(this.#budget, this.#depth + 1)
    this.#properties.set(key, { shape, seen })
    return shape
  }

  #asMap(): Shape {
    if (this.#values) return this.#values
    this.#values = new Shape(this.#budget, this.#depth + 1)
    for (const { shape } of this.#properties.values()) this.#values.merge(shape)
    this.#properties.clear()
    return this.#values
  }
}
