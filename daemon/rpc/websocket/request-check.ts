/** Who asks: Host against DNS rebinding, Origin against pages that are not meant. */

const ownNames = ['127.0.0.1', 'localhost', '[::1]']

/** A page whose name was made to resolve to this machine sends its own name. */
export const isOwnHost = (host: string | undefined, port: number): boolean =>
  host !== undefined && ownNames.some((name) => host.toLowerCase() === `${name}:${port}`)

/** A page that this port itself has served. */
export const isOwnOrigin = (origin: string, port: number): boolean => ownNames.some((name) => origin === `http://${name}:${port}`)

/** Chromium's ids are 32 letters from a to p, Firefox's a UUID for each installation. */
export const isExtensionOrigin = (origin: string): boolean =>
  /^(?:chrome-extension:\/\/[a-p]{32}|moz-extension:\/\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.test(origin)

const tokenPrefix = 'weir.token.'

/** The secret in Sec-WebSocket-Protocol (`weir, weir.token.SECRET`): browsers can send no other header. Empty: there is none. */
export function secretIn(protocols: string | undefined): string {
  const found = (protocols ?? '')
    .split(',')
    .map((name) => name.trim())
    .find((name) => name.startsWith(tokenPrefix))
  return found?.slice(tokenPrefix.length) ?? ''
}
