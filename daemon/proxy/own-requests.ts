/** Requests that the proxy answers itself: those for its own pages, and those it cannot forward. */
import type { RequestHead } from '../capture/decoders/http1.ts'
import type { Arrival } from './arrival.ts'
import { isAuthorized } from './credentials.ts'
import { formatAuthority } from './destination.ts'
import { isOwnAuthority, ownName } from './own-address.ts'
import { authRequiredPage, badRequestPage, otherNamePage, ownAuthRequiredPage, serialize, wishOf } from './own-pages.ts'
import { fieldOf, originForm, routeOf } from './request-target.ts'
import type { Services } from './services.ts'

export interface OwnRequest {
  head: RequestHead
  /** Within a tunnel to weir, that is: who opened it has authenticated. */
  tunnelled: boolean
}

/** The whole response; nothing of it is recorded. The head is read before the first await. */
export async function answerItself(services: Services, arrival: Arrival, { head, tunnelled }: OwnRequest): Promise<Buffer> {
  const { method, target, block } = head
  const { fields } = block
  const { credentials } = arrival.listener
  const wish = wishOf(head.raw)
  const path = target === '*' ? '/' : originForm(method, target)
  const isDirect = target.startsWith('/') || target === '*'
  if (!tunnelled && !isDirect) {
    if (!isAuthorized(credentials, fieldOf(fields, 'proxy-authorization'))) return authRequiredPage('close', wish)
    if (method === 'CONNECT') return badRequestPage('CONNECT must be the first request of its connection.')
    if (!routeOf(target)) return badRequestPage('A proxy needs a request target like http://example.com/.')
  }
  const local = arrival.local()
  const place = isDirect ? fieldOf(fields, 'host') : ownName
  if (place === null || !isOwnAuthority(place, local)) return otherNamePage(wish)
  const { isOpenToAll, onboardingResponse } = await import('./onboarding/onboarding.ts')
  if (!tunnelled && isDirect && !isOpenToAll(path) && !isAuthorized(credentials, fieldOf(fields, 'authorization'))) {
    return ownAuthRequiredPage(wish)
  }
  const origin = fieldOf(fields, 'origin')
  const response = await onboardingResponse({
    method: method,
    path,
    proxy: formatAuthority({ host: local.address, port: local.port }),
    isThroughProxy: tunnelled || !isDirect,
    ownOrigin: origin !== null && isOwnAuthority(URL.parse(origin)?.host ?? '', local) ? origin : null,
    needsPassword: credentials !== null,
    isBeyondLoopback: arrival.listener.reach === 'public',
    ca: services.ca,
  })
  return serialize(response, wish)
}
