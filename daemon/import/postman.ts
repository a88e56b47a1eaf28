/**
 * Postman collections, v2.1 and v2.0 (https://schema.postman.com): each saved example is an exchange, and each request without examples is
 * one that nobody answered. A collection is a tree and is read whole.
 */
import { BrokenFile, EntryFault, type ImportedEntry, importedEntry } from './imported-exchange.ts'
import { isObject, type JsonObject, listOf, objectOf, parseJson, textOf } from './json-values.ts'
import { postmanExchange } from './postman/exchange.ts'
import { PostmanVariables } from './postman/variables.ts'
import { whole } from './whole.ts'

const deepest = 100
/** As messages call it. */
const what = 'the collection'

/** @param savedAt when the file was written, Unix ms: collections do not say when anything was sent */
export async function* readPostman(pieces: AsyncIterable<Buffer>, savedAt: number): AsyncGenerator<ImportedEntry> {
  const root = rootOf(await whole(pieces, what))
  const collection = isObject(root.collection) ? root.collection : root
  const walk = new CollectionWalk(new PostmanVariables(listOf(collection.variable)), savedAt)
  yield* walk.items(collection.item, { at: 'item', names: [], auth: collection.auth, depth: 0 })
}

function rootOf(bytes: Buffer): JsonObject {
  try {
    return objectOf(parseJson(bytes, 1))
  } catch (error) {
    throw error instanceof EntryFault ? new BrokenFile(error.message, what) : error
  }
}

/** Where an item stands, and what it has from there. */
interface Place {
  at: string
  names: readonly string[]
  auth: unknown
  depth: number
}

class CollectionWalk {
  readonly #variables: PostmanVariables
  readonly #savedAt: number

  constructor(variables: PostmanVariables, savedAt: number) {
    this.#variables = variables
    this.#savedAt = savedAt
  }

  *items(list: unknown, place: Place): Generator<ImportedEntry> {
    for (const [index, value] of listOf(list).entries()) {
      const item = objectOf(value)
      const names = [...place.names, textOf(item.name)].filter((name) => name !== '')
      const here: Place = { at: `${place.at}[${index}]`, names, auth: item.auth ?? place.auth, depth: place.depth + 1 }
      if (here.depth > deepest) yield { at: here.at, fault: 'its folders are nested too deeply' }
      else if (Array.isArray(item.item)) yield* this.items(item.item, { ...here, at: `${here.at}.item` })
      else yield* this.#exchanges(item, here)
    }
  }

  *#exchanges(item: JsonObject, { at, names, auth }: Place): Generator<ImportedEntry> {
    const examples = listOf(item.response)
    const common = { variables: this.#variables, savedAt: this.#savedAt, auth }
    if (examples.length === 0) yield importedEntry(at, () => postmanExchange(item.request, null, { ...common, names }))
    for (const [index, value] of examples.entries()) {
      const example = objectOf(value)
      const called = [...names, textOf(example.name)].filter((name) => name !== '')
      const request = example.originalRequest ?? item.request
      yield importedEntry(`${at}.response[${index}]`, () => postmanExchange(request, example, { ...common, names: called }))
    }
  }
}
