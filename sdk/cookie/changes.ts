/** Cookie changes and sync rules as they stand on the wire of the RPC. */
import { closed, nullable, open, type Static, Type, words } from '../schema.ts'
import { cookieCauses } from './seen-cookies.ts'
import { JarCookie, RejectionReason } from './wire.ts'

const optional = Type.Optional
const text = Type.String()
const time = Type.Number({ description: 'Unix ms.' })

/** What one Set-Cookie field, or one pair of a Cookie field that nothing before explains, changed. */
export const CookieChange = open({
  index: Type.Integer({ minimum: 1, description: 'In the order they were seen.' }),
  sessionId: text,
  seq: Type.Integer({ description: 'The exchange.' }),
  at: time,
  cause: words(...cookieCauses),
  reason: optional(RejectionReason),
  cookie: nullable(JarCookie),
})
export type CookieChange = Static<typeof CookieChange>

export const cookieDomain = Type.String({
  minLength: 1,
  maxLength: 300,
  description: '`example.com`: with its subdomains; `https://example.com`: that host only.',
})

export const SyncDirection = words('out', 'in', 'both')

export const SyncTarget = closed({
  plugin: Type.String({ minLength: 1, description: 'The name of a cookie-sync plugin.' }),
  config: optional(Type.Record(text, Type.Unknown())),
})

export const SyncRule = open({
  domain: text,
  direction: SyncDirection,
  cookies: Type.Integer({ minimum: 0, description: 'That are held in step now.' }),
  targets: Type.Array(
    open({
      plugin: text,
      config: Type.Record(text, Type.Unknown()),
      waiting: Type.Integer({ minimum: 0, description: 'Changes that it has not got.' }),
      pushedAt: nullable(time),
      pulledAt: nullable(time),
      error: optional(Type.String({ description: 'Why the last try failed; it goes on trying.' })),
    }),
  ),
  conflicts: Type.Array(open({ at: time, name: text, domain: text, path: text, lost: text }), {
    description: 'The last 20 times that an older value was not taken; `lost`: whose it was, a plugin or `session`.',
  }),
})
export type SyncRule = Static<typeof SyncRule>
