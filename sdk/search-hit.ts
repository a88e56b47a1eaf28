/** What exchange/search finds. */
import { open, type Static, Type, words } from './schema.ts'

const text = Type.String()
const seq = Type.Integer({ minimum: 1, description: 'Names one exchange of its session for ever.' })

/** The texts of an exchange: URL, `Name: value` lines, bodies without their Content-Encoding, WebSocket messages with a line feed between any two; as UTF-8. */
export const TextPart = words('url', 'request.headers', 'request.body', 'response.headers', 'response.body', 'messages')
export type TextPart = Static<typeof TextPart>
export const SearchMatch = open({
  part: TextPart,
  position: Type.Integer({ minimum: 0, description: 'Of its first byte in the part as UTF-8.' }),
  before: Type.String({ description: 'What stands before it, at most 60 bytes; of a message, in the same one.' }),
  match: text,
  after: text,
})
export type SearchMatch = Static<typeof SearchMatch>
export const SearchHit = open({ seq, matches: Type.Array(SearchMatch, { description: 'The first ten, part by part.' }) })
export type SearchHit = Static<typeof SearchHit>
