/** URLs of files, as exchanges have them. */
import { domainToASCII } from 'node:url'
import { withoutDefaultPort } from '../../sdk/authority.ts'
import { EntryFault } from './imported-exchange.ts'

const absolute = /^(https?|wss?):\/\/([^/?#]*)([^#]*)/is
const notAscii = /[^\u0000-\u007f]+/g

/** Another scheme than HTTP's: what is there is no HTTP exchange. */
export const isForeign = (url: string): boolean => /^[a-z][a-z\d+.-]*:/i.test(url) && !/^(?:https?|wss?):/i.test(url)

/**
 * Without fragment, user information and default port; what is not ASCII as it is sent: percent-encoded UTF-8, a host's as IDNA.
 * @throws EntryFault when it is no absolute http, https, ws or wss URL
 */
export function importedUrl(url: string): string {
  const parts = absolute.exec(url)
  if (!parts)
    throw new EntryFault(url === '' ? 'it has no URL' : `its URL ${JSON.stringify(url.slice(0, 200))} is no absolute http or https URL`)
  const [, named = '', given = '', target = ''] = parts
  const scheme = /^(?:https|wss)$/i.test(named) ? 'https' : 'http'
  const authority = withoutDefaultPort(asciiHost(given.slice(given.lastIndexOf('@') + 1)), scheme)
  if (authority === '') throw new EntryFault(`its URL ${JSON.stringify(url.slice(0, 200))} names no host`)
  const path = target.replace(notAscii, (text) => encodeURIComponent(text.toWellFormed()))
  return `${scheme}://${authority}${path.startsWith('/') ? path : `/${path}`}`
}

function asciiHost(authority: string): string {
  if (authority.search(notAscii) < 0) return authority
  const [, host = '', port = ''] = /^(.*?)(:\d+)?$/s.exec(authority) ?? []
  return (domainToASCII(host) || encodeURIComponent(host.toWellFormed())) + port
}
