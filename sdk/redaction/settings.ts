/** What a client can ask of redaction, and what it is told of it. */
import { closed, open, type Static, Type, words } from '../schema.ts'
import { redactionLevels } from './levels.ts'

const optional = Type.Optional
const names = Type.Array(Type.String())
const redactionRules = {
  headers: optional(names),
  query: optional(names),
  cookies: optional(names),
  json: optional(names),
  form: optional(names),
  keys: optional(names),
  tokens: optional(Type.Boolean()),
}
/** What is hidden of what is read: a level, or rules of one's own. Secrets are hidden where they are known to stand. */
export const Redact = Type.Union([words(...redactionLevels), closed(redactionRules)])
export type Redact = Static<typeof Redact>
/** What is hidden of an export: a secret wherever it occurs. */
export const ExportRedact = Type.Union([
  words(...redactionLevels),
  closed({
    ...redactionRules,
    where: optional(Type.String({ description: 'A query: only exchanges that match are looked into for secrets.' })),
  }),
])
export type ExportRedact = Static<typeof ExportRedact>

/** What an export has hidden. */
export const Redacted = open({
  level: words('standard', 'strict', 'own'),
  secrets: Type.Integer({ minimum: 0, description: 'Different ones of 8 bytes and more, replaced wherever they occurred.' }),
  short: Type.Integer({ minimum: 0, description: 'Different shorter ones, replaced where they were secrets.' }),
  bodiesLeftOut: Type.Integer({ minimum: 0, description: 'Above 16 MiB, or not to be decoded.' }),
})
export type Redacted = Static<typeof Redacted>
