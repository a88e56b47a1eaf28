/** Cookies and jars as they stand on the wire of the RPC. Texts are those of HTTP: bytes above 127 as U+0080..00FF. */
import { closed, nullable, open, type Static, Type, words } from '../schema.ts'
import { cookieFormatNames } from './format-names.ts'
import { rejectionReasons } from './rejections.ts'

const optional = Type.Optional
const text = Type.String()
const count = Type.Integer({ minimum: 0 })
const time = Type.Number({ description: 'Unix ms.' })
const sameSite = words('Strict', 'Lax', 'None')
const partitionKey = Type.String({
  description:
    'The site on top below which alone it is sent: `https://shop.example`; with ` across sites` behind it: of that site itself, in its own page, but below a frame of another one.',
})

export const jarName = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$',
  description: 'Naming a jar makes it.',
})

export const JarCookie = open({
  name: text,
  value: text,
  domain: Type.String({ description: 'Without a leading dot.' }),
  hostOnly: Type.Boolean({ description: 'Only the host itself gets it, no subdomain.' }),
  path: text,
  expires: nullable(Type.Number({ description: 'Unix ms; null: until the client is closed, which a jar never is.' })),
  secure: Type.Boolean(),
  httpOnly: Type.Boolean(),
  sameSite: nullable(sameSite),
  partitionKey: nullable(partitionKey),
  createdAt: time,
  updatedAt: time,
})

/** A cookie as somebody writes it: what is absent is host-only, for `/`, until the client is closed, without flags. */
export const WrittenCookie = closed({
  name: text,
  value: text,
  domain: Type.String({ minLength: 1, description: 'With a leading dot: for subdomains, too, unless hostOnly says otherwise.' }),
  hostOnly: optional(Type.Boolean()),
  path: optional(text),
  expires: optional(nullable(time)),
  secure: optional(Type.Boolean()),
  httpOnly: optional(Type.Boolean()),
  sameSite: optional(nullable(sameSite)),
  partitionKey: optional(nullable(partitionKey)),
  createdAt: optional(time),
  updatedAt: optional(time),
})

export const RejectionReason = words(...rejectionReasons)
const causes = ['set', 'updated', 'expired', 'deleted', 'rejected'] as const

/** What became of one cookie. */
export const JarChange = open({
  cause: words(...causes),
  reason: optional(RejectionReason),
  cookie: nullable(JarCookie),
  at: optional(Type.String({ description: 'Of a rejected one: its place in what was given.' })),
})
export type JarChange = Static<typeof JarChange>

export const JarInfo = open({ name: text, cookies: count, createdAt: time, updatedAt: time })
export type JarInfo = Static<typeof JarInfo>

export const CookieFormat = words(...cookieFormatNames)

export const JarImport = open({
  format: CookieFormat,
  counts: open({ set: count, updated: count, expired: count, deleted: count, rejected: count }),
  rejected: Type.Array(open({ at: text, reason: RejectionReason, name: nullable(text), domain: nullable(text) }), {
    description: 'Cookies that the rules refuse (docs/cookies.md), the first 100.',
  }),
  malformed: Type.Integer({ minimum: 0, description: 'With keepGood: entries that could not be read.' }),
  problems: Type.Array(open({ at: text, message: text }), { description: 'Those, the first 100.' }),
})
export type JarImport = Static<typeof JarImport>
