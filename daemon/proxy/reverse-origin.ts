/** The origin that a reverse listener stands for. */
import { invalidParams } from '../../sdk/errors.ts'
import type { RequestRoute } from './request-target.ts'

export interface ReverseOrigin extends RequestRoute {
  /** What requests shall name: the host, with its port unless that is the scheme's own. */
  authority: string
}

/** Of a session's `reverse`. -32602 invalidReverse when it is no origin. */
export function reverseOrigin(text: string): ReverseOrigin {
  const url = URL.parse(text)
  const scheme = url?.protocol === 'https:' ? 'https' : url?.protocol === 'http:' ? 'http' : null
  if (!url || !scheme || url.port === '0')
    throw refused('reverse must be a URL with the scheme http or https, like https://api.example.com')
  if (url.username || url.password) throw refused('reverse holds a username or password: leave it out, and let the program send it')
  if (url.pathname !== '/' || url.search || url.hash) {
    const message = `reverse must be an origin alone: make it ${url.origin}, and put ${url.pathname}${url.search} into what the program asks for`
    throw refused(message)
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return { scheme, authority: url.host, destination: { host, port: Number(url.port) || (scheme === 'https' ? 443 : 80) } }
}

const refused = (message: string) => invalidParams('invalidReverse', message, [{ path: '/reverse', message }])
