/** The parts of an exchange's URL, from what a request says (RFC 9112 sections 3.2 and 3.3). */
import { withoutDefaultPort } from '../../sdk/authority.ts'

export interface RequestTarget {
  scheme: 'http' | 'https'
  /** As sent, without user information and the scheme's default port. */
  authority: string
  path: string
}

const absoluteForm = /^(https?|wss?):\/\/([^/?#]*)(.*)$/is

/**
 * @param target the request target as sent
 * @param host the Host field, null when there is none
 * @param scheme of the connection
 * @param tunnel what the connection was opened to, '' when nobody said
 */
export function readTarget(target: string, method: string, host: string | null, scheme: 'http' | 'https', tunnel: string): RequestTarget {
  if (method === 'CONNECT') return { scheme, authority: withoutDefaultPort(target, scheme), path: '' }
  const absolute = target.charCodeAt(0) === 47 ? null : absoluteForm.exec(target)
  if (absolute) {
    const named = (absolute[1] as string).toLowerCase()
    const own = named === 'https' || named === 'wss' ? 'https' : 'http'
    const authority = absolute[2] as string
    return { scheme: own, authority: withoutDefaultPort(authority.slice(authority.lastIndexOf('@') + 1), own), path: absolute[3] as string }
  }
  const path = target === '*' || target.charCodeAt(0) === 47 ? target : `/${target}`
  return { scheme, authority: withoutDefaultPort(host === null || host === '' ? tunnel : host, scheme), path }
}

/** Whether an absolute-form target and the Host field name different authorities (RFC 9112 section 3.2.2). */
export function disagrees(target: string, host: string): boolean {
  const absolute = target.charCodeAt(0) === 47 ? null : absoluteForm.exec(target)
  if (!absolute) return false
  const scheme = /^(https|wss)$/i.test(absolute[1] as string) ? 'https' : 'http'
  const named = (absolute[2] as string).slice((absolute[2] as string).lastIndexOf('@') + 1)
  return withoutDefaultPort(named, scheme).toLowerCase() !== withoutDefaultPort(host, scheme).toLowerCase()
}
