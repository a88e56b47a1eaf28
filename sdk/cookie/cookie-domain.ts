/** Which cookies a domain means that a person names. */
import { invalidParams } from '../errors.ts'
import type { Cookie } from './cookie.ts'
import { isWithin } from './site.ts'

export interface CookieDomain {
  /** As a URL has it. */
  host: string
  /** Those of its subdomains, too. */
  subdomains: boolean
}

/** @param text `example.com`: it and its subdomains; `https://example.com`: that host only. @throws -32602 invalidDomain */
export function parseCookieDomain(text: string): CookieDomain {
  const subdomains = !/^https?:\/\//i.test(text)
  const url = URL.parse(subdomains ? `https://${text.replace(/^\./, '')}` : text)
  const isOrigin =
    url !== null && url.hostname !== '' && url.pathname === '/' && `${url.port}${url.search}${url.hash}${url.username}` === ''
  if (!isOrigin) {
    const message = `${JSON.stringify(text.slice(0, 200))} is no domain: write example.com (with its subdomains) or https://example.com (that host only)`
    throw invalidParams('invalidDomain', message, [{ path: '/domain', message: 'is no domain' }])
  }
  return { host: url.hostname, subdomains }
}

export const isOfDomain = ({ domain }: Pick<Cookie, 'domain'>, { host, subdomains }: CookieDomain): boolean =>
  domain === host || (subdomains && isWithin(domain, host))
