/** What `source/feed` takes: source events as sdk/source.ts has them, but closed and bounded, for they come from outside. */
import { BrowserView } from './browser-view.ts'
import { JarCookie } from './cookie/wire.ts'
import { Message } from './model.ts'
import { nullable, open, type Static, Type, words } from './schema.ts'
import { SourceEvent } from './source.ts'

/** Of one call. */
export const mostFedEvents = 1000
/** Of a piece of a body, as base64: 1 MiB. */
const pieceCharacters = 1_398_104
const textCharacters = 65_536
/** Of header fields, initiators, ... */
const mostItems = 1000
/** Sent and received texts and frames go whole. */
const messageCharacters = 6 * 1024 * 1024

interface Schema {
  type?: string
  enum?: unknown
  properties?: { [name: string]: Schema }
  items?: Schema | Schema[]
  anyOf?: Schema[]
}

/** The same, with no keys but its own at any level, and texts and lists that end. */
function bounded(schema: Schema, characters = textCharacters): Schema {
  const { type, properties, items, anyOf } = schema
  if (anyOf) return { ...schema, anyOf: anyOf.map((one) => bounded(one, characters)) }
  if (properties) return { ...schema, additionalProperties: false, properties: boundedEach(properties, characters) } as Schema
  if (Array.isArray(items)) return { ...schema, items: items.map((item) => bounded(item, characters)) }
  if (items) return { maxItems: mostItems, ...schema, items: bounded(items, characters) } as Schema
  if (type === 'string' && schema.enum === undefined) return { maxLength: characters, ...schema } as Schema
  return schema
}

const boundedEach = (properties: { [name: string]: Schema }, characters: number) =>
  Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, bounded(property, characters)]))

const without = (properties: object, ...names: string[]) =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => !names.includes(name))) as { [name: string]: Schema }

/** Which source it is, and what it was taken for, the daemon says. */
const viewProperties = without(BrowserView.properties, 'sourceId', 'requestId', 'ambiguous', 'resends', 'resent')
const PartialView = bounded({ type: 'object', properties: viewProperties })
const View = { ...PartialView, required: ['resource'] } as Schema
const FedMessage = bounded({ ...(Message as Schema), properties: without(Message.properties, 'decoded') }, messageCharacters)
const Piece: Schema = { type: 'string', maxLength: pieceCharacters, pattern: '^[A-Za-z0-9+/]*={0,2}$' } as Schema

/** What an extension cannot know of is left out: which connection of the browser's is which. */
const kinds = ['request', 'more', 'response', 'body', 'message', 'end', 'lost'] as const

function schemaOf(kind: (typeof kinds)[number]): Schema {
  const found = (SourceEvent as unknown as { anyOf: Schema[] }).anyOf.find(({ properties }) =>
    (properties?.kind?.enum as unknown[] | undefined)?.includes(kind),
  )
  const { properties = {} } = found ?? {}
  const own = bounded({ ...found, properties })
  const replaced = {
    ...(properties.view && { view: kind === 'request' ? View : PartialView }),
    ...(properties.data && { data: Piece }),
    ...(properties.message && kind === 'message' && { message: FedMessage }),
  }
  return { ...own, properties: { ...own.properties, ...replaced } }
}

export const fedEventSchemas: ReadonlyMap<string, object> = new Map(kinds.map((kind) => [kind, schemaOf(kind)]))

/** By its kind alone: what else it has to be `fedEventSchemas` says, so that an error is about this kind, not about all. */
export interface FedEvent {
  kind: (typeof kinds)[number]
  [more: string]: unknown
}
export const FedEvent = Type.Unsafe<FedEvent>({
  type: 'object',
  required: ['kind'],
  properties: { kind: words(...kinds) },
  maxProperties: 20,
})

const { partitionKey: _, ...cookieProperties } = JarCookie.properties
const partition = nullable(open({ topLevelSite: Type.String(), hasCrossSiteAncestor: Type.Boolean() }))

/** A cookie as an extension has it: only its daemon knows how both halves of a partition are one text (sdk/cookie/partition.ts). */
export const ExtensionCookie = open({ ...cookieProperties, partition })
export type ExtensionCookie = Static<typeof ExtensionCookie>

const { name, domain, hostOnly, path } = cookieProperties
export const ExtensionCookieKey = open({ name, domain, hostOnly, path, partition })
