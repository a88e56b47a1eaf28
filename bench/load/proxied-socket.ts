/** Connections to the origin through a proxy, as a client makes them: CONNECT and TLS, or clear text to the proxy. */
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'

/** `h2`: HTTP/2 over TLS. */
export type Scheme = 'https' | 'h2' | 'http'

/** Where requests go and through what. Without a proxy the origin itself: the cost of the load alone. */
export interface Target {
  scheme: Scheme
  proxy: { host: string; port: number } | null
  /** PEM of the CA the proxy signs with; checked by `probe` alone, the load trusts blindly to be cheap. */
  caPem: string
  origin: { host: string; port: number }
}

/** What stands before the path in a request line: absolute form (RFC 9112 3.2.2) towards a clear-text proxy only. */
export function requestPrefix(target: Target): string {
  return target.scheme === 'http' && target.proxy ? `http://${target.origin.host}:${target.origin.port}` : ''
}

async function askTunnel(socket: net.Socket, authority: string): Promise<void> {
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`, 'latin1')
  let head = ''
  while (!head.includes('\r\n\r\n')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    head += chunk.toString('latin1')
  }
  if (!/^HTTP\/1\.[01] 200 /.test(head)) throw new Error(`the proxy refused the tunnel: ${head.split('\r\n')[0]}`)
}

const trustAll = tls.createSecureContext()

/** A connected socket, handshakes done. `verify` also checks who signed the proxy's certificate, not its name: mockttp has none for addresses. */
export async function connectThrough(target: Target, verify = false): Promise<net.Socket> {
  const { host, port } = target.origin
  const socket = net.connect({ ...(target.proxy ?? target.origin), noDelay: true, autoSelectFamily: false })
  const failed = new Promise<never>((_, reject) => {
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the connection was closed during its set-up')))
  })
  failed.catch(() => undefined)
  await Promise.race([once(socket, 'connect'), failed])
  if (target.scheme === 'http') return socket
  if (target.proxy) await Promise.race([askTunnel(socket, `${host}:${port}`), failed])
  const secure = tls.connect({
    socket,
    ALPNProtocols: [target.scheme === 'h2' ? 'h2' : 'http/1.1'],
    rejectUnauthorized: verify,
    ...(verify ? { ca: target.caPem, checkServerIdentity: () => undefined } : { secureContext: trustAll }),
  })
  await Promise.race([once(secure, 'secureConnect'), failed])
  return secure
}
