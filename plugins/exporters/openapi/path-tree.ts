/** The paths of an API while they are seen: literal segments, and parameters where segments are data. */
import { type SegmentKind, segmentKind } from '../../../sdk/path-template.ts'
import { Operation } from './operation.ts'
import type { ShapeBudget } from './shape.ts'

/** So many siblings that answer alike are values of a parameter. */
const alikeMaximum = 20
/** Beyond so many siblings, whatever they are, new ones are. */
const literalsMaximum = 300
const operationsMaximum = 5000
const segmentsMaximum = 64

export class PathNode {
  readonly literals = new Map<string, PathNode>()
  readonly operations = new Map<string, Operation>()
  /** Origins that answered here. */
  readonly origins = new Set<string>()
  /** In the place of all segments that are data. */
  parameter: PathNode | null = null
  /** Of a parameter: what was seen, and how a document that was there calls it. */
  readonly kinds = new Set<SegmentKind>()
  name: string | null = null
  /** Segments that are not among the literals are values of the parameter. */
  catchesAll = false
  /** So many literals have been compared. */
  compared = alikeMaximum

  parameterNode(): PathNode {
    this.parameter ??= new PathNode()
    return this.parameter
  }
}

export class PathTree {
  readonly root = new PathNode()
  #budget: ShapeBudget
  #examples: boolean
  #operations = 0

  /** @param examples bodies are kept as examples */
  constructor(budget: ShapeBudget, examples: boolean) {
    this.#budget = budget
    this.#examples = examples
  }

  /** A path of a document that was there: it is kept as it is. */
  keep(segments: readonly string[]): void {
    let node = this.root
    for (const segment of segments) {
      const name = /^\{([^{}]*)\}$/.exec(segment)?.[1]
      if (name === undefined) node = literalNode(node, segment)
      else {
        node.catchesAll = true
        node = node.parameterNode()
        node.name ??= name
      }
    }
  }

  /** null: there are more operations than a document can hold. */
  operation(origin: string, method: string, segments: readonly string[]): Operation | null {
    const full = this.#operations >= operationsMaximum
    let node: PathNode | null = segments.length > segmentsMaximum ? null : this.root
    for (const segment of segments) node &&= full ? find(node, segment) : this.#step(node, segment)
    const known = node?.operations.get(method)
    if (!node || (!known && full)) return null
    node.origins.add(origin)
    if (known) return known
    this.#operations++
    const operation = new Operation(this.#budget, this.#examples)
    node.operations.set(method, operation)
    return operation
  }

  /** After a call was observed: makes parameters of the last segments where there are too many. */
  settle(segments: readonly string[]): void {
    let node = this.root
    for (const segment of segments) {
      if (node.literals.size > node.compared && !node.catchesAll) this.#collapse(node, segment)
      node = node.literals.get(segment) ?? node.parameter ?? node
    }
  }

  #step(node: PathNode, segment: string): PathNode {
    const literal = node.literals.get(segment)
    if (literal) return literal
    const kind = segmentKind(segment)
    if (kind === null && !node.catchesAll) return literalNode(node, segment)
    const parameter = node.parameterNode()
    parameter.kinds.add(kind ?? 'text')
    return parameter
  }

  #collapse(node: PathNode, segment: string): void {
    const newest = node.literals.get(segment)
    if (!newest) return
    node.compared = node.literals.size
    if (node.literals.size > literalsMaximum) node.catchesAll = true
    const traits = nodeTraits(newest)
    const alike = [...node.literals].filter(([, other]) => areAlike(traits, nodeTraits(other)))
    if (alike.length <= alikeMaximum) return
    node.catchesAll = true
    const parameter = node.parameterNode()
    parameter.kinds.add('text')
    for (const [literal, other] of alike) {
      node.literals.delete(literal)
      this.#merge(parameter, other)
    }
  }

  #merge(into: PathNode, from: PathNode): void {
    for (const origin of from.origins) into.origins.add(origin)
    for (const [method, operation] of from.operations) {
      const known = into.operations.get(method)
      if (known) {
        known.merge(operation)
        this.#operations--
      } else into.operations.set(method, operation)
    }
    for (const [segment, child] of from.literals) this.#merge(literalNode(into, segment), child)
    if (from.parameter === null) return
    const parameter = into.parameterNode()
    for (const kind of from.parameter.kinds) parameter.kinds.add(kind)
    into.catchesAll ||= from.catchesAll
    this.#merge(parameter, from.parameter)
  }
}

function literalNode(node: PathNode, segment: string): PathNode {
  let child = node.literals.get(segment)
  if (!child) {
    child = new PathNode()
    node.literals.set(segment, child)
  }
  return child
}

const find = (node: PathNode, segment: string): PathNode | null => node.literals.get(segment) ?? node.parameter

/** Of what answers there; below it the names, where it only leads somewhere. */
function nodeTraits(node: PathNode): Set<string> {
  const operation = node.operations.get('get') ?? [...node.operations.values()][0]
  return operation?.traits() ?? new Set([...node.literals.keys(), ...(node.parameter ? ['{}'] : [])])
}

/** They share at least half of what either has. */
function areAlike(a: Set<string>, b: Set<string>): boolean {
  let shared = 0
  for (const trait of a) if (b.has(trait)) shared++
  return shared * 2 >= a.size + b.size - shared
}
