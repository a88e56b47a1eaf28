/** Node's `ws`, through a tunnel of a session's proxy. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { onTestFinished } from 'vitest'
import { type PerMessageDeflateOptions, WebSocket } from 'ws'
import type { Capture } from './capture.ts'
import { openTunnel } from './wire.ts'

/** Open; terminated when the test has finished. */
export async function webSocketThrough({ session, home }: Capture, port: number, perMessageDeflate: boolean | PerMessageDeflateOptions) {
  const tunnel = connectTcp(session.proxy?.port ?? 0, '127.0.0.1')
  tunnel.write(`CONNECT localhost:${port} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`)
  await once(tunnel, 'data')
  const ca = await readFile(home.caCertificate)
  const socket = new WebSocket(`wss://localhost:${port}/chat`, {
    perMessageDeflate,
    createConnection: () => connectTls({ socket: tunnel, servername: 'localhost', ca }),
  })
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  return socket
}

/** In clear text to that authority, through a proxy. Open; terminated when the test has finished. */
export async function plainWebSocketThrough(proxyPort: number, authority: string): Promise<WebSocket> {
  const tunnel = await openTunnel(proxyPort, authority)
  const socket = new WebSocket(`ws://${authority}/chat`, { createConnection: () => tunnel.resume() })
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  return socket
}
