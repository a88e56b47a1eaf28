/** The groups of an overview by path: a tree of segments, in which many siblings are taken for values of a parameter. */
import { addGroup, emptyGroup, type Group, type GroupKey, type Groups } from '../store/overview/group.ts'
import type { Grouping } from './grouping.ts'

/** So many words in one place are an API's; more are data. */
const wordsMaximum = 50
/** What bounds the memory. */
const nodesMaximum = 30_000
const parameter = '{name}'

class PathNode {
  readonly children = new Map<string, PathNode>()
  group: Group | null = null
  /** Of its children. */
  words = 0
  /** Words are values of the parameter. */
  isCollapsed = false
}

/** Which words are data is a matter of all paths, whatever their order. */
export class PathGroups implements Grouping {
  readonly overflow = emptyGroup()
  /** Of authorities, which are no data. */
  readonly #root = new PathNode()
  #nodes = 0
  /** Where paths lead, until something is collapsed. */
  readonly #known = new Map<string, PathNode>()

  /** @param key authority and path template */
  of(key: GroupKey): Group {
    const path = key ?? ''
    let node = this.#known.get(path) ?? null
    if (node === null) {
      const [authority = '', ...segments] = path.split('/')
      node = this.#childOf(this.#root, authority)
      for (const segment of segments) node = node && this.#step(node, segment)
      if (node !== null && this.#known.size < nodesMaximum) this.#known.set(path, node)
    }
    return this.#groupAt(node)
  }

  groups(): Groups {
    const groups: Groups = new Map()
    const collect = (node: PathNode, key: string) => {
      if (node.group !== null) groups.set(key, node.group)
      for (const [segment, child] of node.children) collect(child, `${key}/${segment}`)
    }
    for (const [authority, node] of this.#root.children) collect(node, authority)
    return groups
  }

  /** @param node null: there are too many */
  #groupAt(node: PathNode | null): Group {
    if (node !== null) node.group ??= emptyGroup()
    return node?.group ?? this.overflow
  }

  /** null: there are too many. */
  #step(node: PathNode, segment: string): PathNode | null {
    if (isParameter(segment)) return this.#childOf(node, segment)
    if (node.isCollapsed) return this.#childOf(node, parameter)
    const known = node.children.get(segment)
    if (known) return known
    if (node.words < wordsMaximum) {
      const child = this.#childOf(node, segment)
      if (child) node.words++
      return child
    }
    this.#collapse(node)
    return this.#childOf(node, parameter)
  }

  #childOf(node: PathNode, segment: string): PathNode | null {
    let child = node.children.get(segment)
    if (child === undefined && this.#nodes < nodesMaximum) {
      child = new PathNode()
      node.children.set(segment, child)
      this.#nodes++
    }
    return child ?? null
  }

  #collapse(node: PathNode): void {
    node.isCollapsed = true
    this.#known.clear()
    const words = [...node.children].filter(([segment]) => !isParameter(segment))
    for (const [word, child] of words) {
      node.children.delete(word)
      this.#nodes--
      this.#merge(this.#childOf(node, parameter), child)
    }
  }

  /** @param into null: there are too many */
  #merge(into: PathNode | null, from: PathNode): void {
    if (from.group !== null) addGroup(this.#groupAt(into), from.group)
    if (from.isCollapsed && into !== null && !into.isCollapsed) this.#collapse(into)
    for (const [segment, child] of from.children) {
      this.#nodes--
      this.#merge(into && this.#step(into, segment), child)
    }
  }
}

const isParameter = (segment: string): boolean => segment.startsWith('{') && segment.endsWith('}')
