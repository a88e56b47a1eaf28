/** Real origins on loopback. `startOrigin` speaks HTTP through node:http(s); `startRawOrigin` leaves every byte to the test. */
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { onTestFinished } from 'vitest'
import { testCa } from './certificates.ts'

export interface Origin {
  port: number
  /** `https://localhost:port` or `http://localhost:port`. */
  url: string
  server: Server
  close(): Promise<void>
}

interface OriginOptions {
  tls?: boolean
  /** Names in its certificate. */
  names?: string[]
  /** More TLS options; `key` and `cert` here replace the issued certificate. */
  tlsOptions?: TlsOptions
  host?: string
}

async function listen(server: Server, scheme: string, host = '127.0.0.1'): Promise<Origin> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  onTestFinished(close)
  const { port } = server.address() as AddressInfo
  return { port, url: `${scheme}://localhost:${port}`, server, close }
}

async function credentials(options: OriginOptions): Promise<TlsOptions> {
  const issued = options.tlsOptions?.cert ? {} : await (await testCa()).issue(options.names ?? ['localhost', '127.0.0.1', '::1'])
  return { ...issued, ...options.tlsOptions }
}

/** Closed when the test has finished. */
export async function startOrigin(listener: RequestListener, options: OriginOptions = {}): Promise<Origin> {
  if (options.tls === false) return listen(createHttpServer(listener), 'http', options.host)
  return listen(createHttpsServer(await credentials(options), listener), 'https', options.host)
}

/** Every connection (TLS undone unless `tls: false`) is handed to the test as it is. Half-open is allowed. */
export async function startRawOrigin(onConnection: (socket: Socket) => void, options: OriginOptions = {}): Promise<Origin> {
  if (options.tls === false) return listen(createTcpServer({ allowHalfOpen: true }, onConnection), 'http', options.host)
  const server = createTlsServer({ allowHalfOpen: true, ...(await credentials(options)) } as TlsOptions, onConnection)
  server.on('tlsClientError', () => undefined)
  return listen(server, 'https', options.host)
}
