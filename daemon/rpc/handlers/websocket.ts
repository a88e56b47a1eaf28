/** websocket/*, pairing/* and token/* */
import { unavailable } from '../../../sdk/errors.ts'
import type { Handlers } from '../call.ts'
import { type Pairings, spelled } from '../websocket/pairings.ts'
import type { Tokens } from '../websocket/tokens.ts'
import type { WebSocketTransport } from '../websocket/websocket-transport.ts'

interface WebSocketParts {
  transport: WebSocketTransport
  pairings: Pairings
  tokens: Tokens
  connections(tokenId: string): number
  /** Ends the connections of a token. */
  revoke(tokenId: string): void
}

type Methods = Extract<keyof Handlers, `websocket/${string}` | `pairing/${string}` | `token/${string}`>

export const websocketHandlers = ({ transport, pairings, tokens, connections, revoke }: WebSocketParts): Pick<Handlers, Methods> => ({
  'websocket/start': ({ port }) => transport.start(port),
  'websocket/stop': async () => {
    pairings.clear()
    await transport.close()
    return {}
  },
  'pairing/start': (options) => {
    const { address } = transport
    if (!address) throw unavailable('websocketOff', 'nothing answers over WebSockets yet: websocket/start first')
    const { id, code, expiresAt } = pairings.start(options)
    return { pairingId: id, code: spelled(code), expiresAt, port: address.port }
  },
  'token/list': () => ({ items: tokens.list().map((token) => ({ ...token, connections: connections(token.id) })) }),
  'token/delete': ({ tokenId }) => {
    tokens.delete(tokenId)
    revoke(tokenId)
    return {}
  },
})
