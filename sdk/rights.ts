/** What a token for the WebSocket transport may do. Which right a method asks for: daemon/rpc/rights.ts. */
import { nullable, open, type Static, Type, words } from './schema.ts'

export const rightMeanings = {
  read: 'everything on record: sessions, exchanges, bodies, cookies',
  capture: 'start, stop, pause and resume sessions',
  feed: 'tell a session of the requests of a browser, as its source',
  control: 'change and delete sessions, exchanges, jars and sync rules; how sessions listen, trust and dial',
  send: 'send requests, and let exports be posted',
  export: 'exports, as text, and SQL',
  paths: 'name files to read and to write',
  plugins: 'name plugins to run; with feed, start browsers',
} as const

export type Right = keyof typeof rightMeanings
export const rightNames = Object.keys(rightMeanings) as Right[]
export const Right = words(...rightNames)

/** Of `weir browser pair`, and the most that an extension needs. */
export const extensionRights: readonly Right[] = ['read', 'capture', 'feed']

const optional = Type.Optional

/** A token without its secret, which nobody but its owner has. */
export const Token = open({
  id: Type.String(),
  name: Type.String(),
  origin: nullable(
    Type.String({ description: 'The Origin that paired, and the only one that may use it. null: what sends none, no browser.' }),
  ),
  rights: Type.Array(Right),
  createdAt: Type.Number(),
  lastUsedAt: optional(Type.Number({ description: 'When it last connected, or a connection of it ended.' })),
})
export type Token = Static<typeof Token>

export const ListedToken = open({ ...Token.properties, connections: Type.Integer({ description: 'That it has now.' }) })
export type ListedToken = Static<typeof ListedToken>
