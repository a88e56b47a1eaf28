/** By what a request of a browser and an exchange of the proxy can be the same: method and URL, or that they open a WebSocket, and its URL. */
import { isWebSocketUpgrade, type LiveExchange } from '../live-exchange.ts'
import { type RequestTarget, readTarget } from '../request-target.ts'

const keyOf = (method: string, { scheme, authority, path }: RequestTarget): string =>
  `${method} ${scheme}://${authority.toLowerCase()}${path === '*' ? '' : path || '/'}`

/** null: it asks for nothing of HTTP (data:, blob:, chrome-extension:). */
export function browserTarget(url: string): RequestTarget | null {
  if (!/^(?:https?|wss?):\/\//i.test(url)) return null
  const [sent = ''] = url.split('#', 1)
  const target = readTarget(sent, '', null, 'http', '')
  return { ...target, path: target.path.startsWith('/') ? target.path : `/${target.path}` }
}

export const browserKey = (method: string, isWebSocket: boolean, target: RequestTarget): string =>
  keyOf(isWebSocket ? 'websocket' : method, target)

/** null: no request of a browser looks like that. */
export function wireKey(exchange: LiveExchange): string | null {
  const { kind, method, extendedConnect } = exchange
  if (extendedConnect === 'websocket' || isWebSocketUpgrade(exchange)) return keyOf('websocket', exchange)
  return kind === 'tunnel' || method === 'CONNECT' ? null : keyOf(method, exchange)
}
