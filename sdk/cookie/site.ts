/** What RFC 6265bis asks about hosts: which match, which are public suffixes, which site they belong to. */
import { domainMatch, getPublicSuffix } from 'tough-cookie'

/** What of a URL cookies go by, as a URL has it. */
export type CookieUrl = Pick<URL, 'protocol' | 'hostname' | 'pathname'>
type Origin = Omit<CookieUrl, 'pathname'>

/** Section 5.1.3, for hosts as a URL has them. */
export const isWithin = (host: string, domain: string): boolean => domainMatch(host, domain, false) === true

/** The shortest domain of the host that somebody owns (`shop.co.uk`); null: it is a public suffix, or an address. */
const registrable = (host: string): string | null => getPublicSuffix(host, { ignoreError: true }) ?? null

/** Everybody can register names below it, so cookies may not be for all of it; an IP address or single label, too. */
export const isPublicSuffix = (domain: string): boolean => registrable(domain) === null

/** Scheme and registrable domain (or host): what partition keys and SameSite go by. WebSockets belong to the site of their origin. */
export function siteOf({ protocol, hostname }: Origin): string {
  const scheme = protocol === 'ws:' ? 'http:' : protocol === 'wss:' ? 'https:' : protocol
  return `${scheme}//${registrable(hostname) ?? hostname}`
}

/** TLS, or this machine: such an origin may set Secure cookies, and gets them. */
export const isTrustworthy = ({ protocol, hostname }: Origin): boolean =>
  protocol === 'https:' || protocol === 'wss:' || /^(?:(?:.*\.)?localhost|127\.[\d.]+|\[::1\])$/.test(hostname)
