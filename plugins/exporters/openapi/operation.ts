/** All that was seen of one method of one path. */
import type { ApiBody } from './body.ts'
import type { SecurityScheme } from './security.ts'
import { type JsonSchema, Shape, type ShapeBudget } from './shape.ts'

/** What the document does not go beyond; what is more is not described. */
const parametersMaximum = 100
const mediaTypesMaximum = 20
const statusesMaximum = 60
const securityMaximum = 16
const exampleCharacters = 4096

export interface Call {
  /** Values of each parameter. */
  query: Map<string, string[]>
  security: Map<string, SecurityScheme>
  requestBody: ApiBody | null
  status: string
  reason: string
  responseBody: ApiBody | null
}

class MediaTypeFacts {
  readonly shape: Shape
  /** JSON text of the first small one. */
  example: string | null = null

  constructor(budget: ShapeBudget) {
    this.shape = new Shape(budget)
  }

  object(): JsonSchema {
    const schema = this.shape.schema()
    return { ...(schema && { schema }), ...(this.example !== null && { example: JSON.parse(this.example) as unknown }) }
  }
}

class Bodies {
  count = 0
  readonly types = new Map<string, MediaTypeFacts>()
  #budget: ShapeBudget
  #examples: boolean

  constructor(budget: ShapeBudget, examples: boolean) {
    this.#budget = budget
    this.#examples = examples
  }

  observe({ type, instance }: ApiBody): void {
    this.count++
    const facts = this.#type(type)
    if (instance === 'unread') facts?.shape.observeUnread()
    if (!facts || instance === null || instance === 'unread') return
    facts.shape.observe(instance.value)
    if (!this.#examples || facts.example !== null || instance.value === '') return
    const example = JSON.stringify(instance.value)
    // One that looks like a reference might be followed.
    if (example.length <= exampleCharacters && !example.includes('"$ref":')) facts.example = example
  }

  merge(other: Bodies): void {
    this.count += other.count
    for (const [type, { shape, example }] of other.types) {
      const facts = this.#type(type)
      if (facts) facts.example ??= example
      facts?.shape.merge(shape)
    }
  }

  content(): JsonSchema {
    return Object.fromEntries(Array.from(this.types, ([type, facts]) => [type, facts.object()]))
  }

  #type(type: string): MediaTypeFacts | undefined {
    let facts = this.types.get(type)
    if (!facts && this.types.size < mediaTypesMaximum) {
      facts = new MediaTypeFacts(this.#budget)
      this.types.set(type, facts)
    }
    return facts
  }
}

interface ResponseFacts {
  reason: string
  bodies: Bodies
}

interface ParameterFacts {
  seen: number
  list: boolean
  integers: boolean
  numbers: boolean
  booleans: boolean
}

export class Operation {
  #budget: ShapeBudget
  #examples: boolean
  #calls = 0
  #query = new Map<string, ParameterFacts>()
  #request: Bodies
  #responses = new Map<string, ResponseFacts>()
  /** Each way in which calls were made, by the names of its schemes. */
  #security = new Map<string, string[]>()

  constructor(budget: ShapeBudget, examples: boolean) {
    this.#budget = budget
    this.#examples = examples
    this.#request = new Bodies(budget, examples)
  }

  observe(call: Call): void {
    this.#calls++
    for (const [name, values] of call.query) this.#observeParameter(name, values)
    const names = [...call.security.keys()]
    if (this.#security.size < securityMaximum) this.#security.set(names.join(' '), names)
    if (call.requestBody) this.#request.observe(call.requestBody)
    const response = this.#response(call.status, call.reason)
    if (response && call.responseBody) response.bodies.observe(call.responseBody)
  }

  merge(other: Operation): void {
    this.#calls += other.#calls
    for (const [name, facts] of other.#query) this.#mergeParameter(name, facts)
    for (const [key, names] of other.#security) this.#security.set(key, names)
    this.#request.merge(other.#request)
    for (const [status, { reason, bodies }] of other.#responses) this.#response(status, reason)?.bodies.merge(bodies)
  }

  /** What tells it from an operation on resources of another kind: status, media type and keys of its good answers. */
  traits(): Set<string> {
    const traits = new Set<string>()
    for (const [status, { bodies }] of this.#responses) {
      if (!status.startsWith('2')) continue
      for (const [type, { shape }] of bodies.types) {
        traits.add(type)
        for (const path of shape.keyPaths(3)) traits.add(path)
      }
    }
    return traits
  }

  /** Without parameters of the path and operationId. */
  object(): JsonSchema & { parameters: JsonSchema[]; responses: JsonSchema } {
    const security = [...this.#security.values()].map((names) => Object.fromEntries(names.map((name) => [name, []])))
    const anonymous = security.every((names) => Object.keys(names).length === 0)
    const parameters = Array.from(this.#query, ([name, facts]) => this.#parameter(name, facts))
    const requestBody = { content: this.#request.content(), ...(this.#request.count === this.#calls && { required: true }) }
    return {
      parameters,
      ...(this.#request.types.size > 0 && { requestBody }),
      responses: Object.fromEntries(Array.from(this.#responses, ([status, facts]) => [status, responseObject(facts)]).sort()),
      ...(!anonymous && { security }),
    }
  }

  #parameter(name: string, facts: ParameterFacts): JsonSchema {
    const type = facts.integers ? 'integer' : facts.numbers ? 'number' : facts.booleans ? 'boolean' : 'string'
    const schema = facts.list ? { type: 'array', items: { type } } : { type }
    return { name, in: 'query', ...(facts.seen === this.#calls && { required: true }), schema }
  }

  #observeParameter(name: string, values: string[]): void {
    this.#mergeParameter(name, {
      seen: 1,
      list: values.length > 1,
      integers: values.every((value) => /^-?\d{1,15}$/.test(value)),
      numbers: values.every((value) => /^-?\d{1,15}(?:\.\d{1,15})?$/.test(value)),
      booleans: values.every((value) => value === 'true' || value === 'false'),
    })
  }

  #mergeParameter(name: string, facts: ParameterFacts): void {
    const known = this.#query.get(name)
    if (!known) {
      if (this.#query.size < parametersMaximum) this.#query.set(name, { ...facts })
      return
    }
    known.seen += facts.seen
    known.list ||= facts.list
    known.integers &&= facts.integers
    known.numbers &&= facts.numbers
    known.booleans &&= facts.booleans
  }

  #response(status: string, reason: string): ResponseFacts | undefined {
    let known = this.#responses.get(status)
    if (!known && this.#responses.size < statusesMaximum) {
      known = { reason, bodies: new Bodies(this.#budget, this.#examples) }
      this.#responses.set(status, known)
    }
    return known
  }
}

const responseObject = ({ reason, bodies }: ResponseFacts): JsonSchema => ({
  description: reason,
  ...(bodies.types.size > 0 && { content: bodies.content() }),
})
