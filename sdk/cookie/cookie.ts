/** The noun: one cookie that is held, and what tells it from others. */

export type SameSite = 'Strict' | 'Lax' | 'None'

/** Texts as on the wire: bytes above 127 as U+0080..00FF. Times: Unix ms. */
export interface Cookie {
  /** May be empty: `Set-Cookie: =x` or `x`. */
  name: string
  value: string
  /** Lower case, without a leading dot; an IPv6 address in brackets. */
  domain: string
  /** Only the host itself gets it, no subdomain. */
  hostOnly: boolean
  path: string
  /** null: until the client is closed. */
  expires: number | null
  secure: boolean
  httpOnly: boolean
  /** null: not said, which browsers take for Lax. */
  sameSite: SameSite | null
  /** The site on top (`https://shop.example`) below which alone it is sent (CHIPS, partition.ts); null: it is not partitioned. */
  partitionKey: string | null
  /** Kept when a later one replaces it; cookies are sent in this order. */
  createdAt: number
  updatedAt: number
}

/** RFC 6265bis section 5.7, with the partition: a cookie replaces the one that has the same. */
export type CookieKey = Pick<Cookie, 'name' | 'domain' | 'hostOnly' | 'path' | 'partitionKey'>

/** Equal for those that replace each other. A cookie for the host alone and one for its subdomains, too, are two. */
export const keyOf = ({ name, domain, hostOnly, path, partitionKey }: CookieKey): string =>
  `${hostOnly ? '' : '.'}${domain}\n${path}\n${partitionKey ?? ''}\n${name}`

export const hasExpired = ({ expires }: Cookie, at: number): boolean => expires !== null && expires <= at
