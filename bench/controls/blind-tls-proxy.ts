/**
 * The limit weir is measured against: a Node proxy that terminates TLS on both sides and looks at nothing. Upstream first with
 * the client's own ALPN, then the client with what upstream chose; back-pressure and half-close both ways; upstream verified.
 * Configuration: `BENCH_TRUSTED_CA`, PEM. Prints `{"port", "caPem"}` once it listens on loopback.
 */

import { createServer, isIP, type Socket, type SocketConstructorOpts, type TcpNetConnectOpts } from 'node:net'
import { type ConnectionOptions, connect, createSecureContext, type SecureContext, TLSSocket, type TLSSocketOptions } from 'node:tls'
import { createAuthority } from '../certificates.ts'
import { type ClientHello, parseClientHello } from './client-hello.ts'

const authority = await createAuthority('blind control')
const leaves = new Map<string, Promise<SecureContext>>()
const upstreamContext = createSecureContext({ ca: process.env.BENCH_TRUSTED_CA })

function contextFor(name: string): Promise<SecureContext> {
  let context = leaves.get(name)
  if (!context) {
    context = authority.leaf([name]).then(createSecureContext)
    leaves.set(name, context)
  }
  return context
}

/** Moves bytes one way: no faster than they are taken, and ends when they end. */
function relay(from: Socket, to: Socket): void {
  from.on('data', (chunk: Buffer) => {
    if (!to.write(chunk)) from.pause()
  })
  to.on('drain', () => from.resume())
  from.on('end', () => to.end())
}

function tap(client: Socket, host: string, port: number, hello: ClientHello): void {
  const name = hello.serverName ?? host
  const leaf = contextFor(name)
  const options: ConnectionOptions & TcpNetConnectOpts = {
    host,
    port,
    secureContext: upstreamContext,
    allowHalfOpen: true,
    noDelay: true,
    ...(isIP(name) ? {} : { servername: name }),
    ...(hello.protocols ? { ALPNProtocols: hello.protocols } : {}),
  }
  const upstream = connect(options)
  const closeBoth = () => {
    client.destroy()
    upstream.destroy()
  }
  upstream.on('error', closeBoth)
  client.on('error', closeBoth)
  upstream.once('secureConnect', () => {
    leaf.then((secureContext) => {
      const chosen = upstream.alpnProtocol
      const options: TLSSocketOptions & SocketConstructorOpts = { isServer: true, secureContext, allowHalfOpen: true }
      if (chosen) options.ALPNProtocols = [chosen]
      const downstream = new TLSSocket(client, options)
      relay(downstream, upstream)
      relay(upstream, downstream)
      downstream.on('error', closeBoth)
      downstream.on('close', () => upstream.destroy())
      upstream.on('close', () => downstream.destroy())
    }, closeBoth)
  })
}

function awaitHello(client: Socket, host: string, port: number, first: Buffer): void {
  let seen = first
  const look = (): void => {
    let hello: ClientHello | null
    try {
      hello = parseClientHello(seen)
    } catch {
      client.destroy()
      return
    }
    if (!hello) {
      client.once('data', (chunk: Buffer) => {
        seen = Buffer.concat([seen, chunk])
        look()
      })
      return
    }
    client.pause()
    client.unshift(seen)
    tap(client, host, port, hello)
  }
  look()
}

const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  let head: Buffer = Buffer.alloc(0)
  client.on('error', () => client.destroy())
  const read = (chunk: Buffer): void => {
    head = head.length ? Buffer.concat([head, chunk]) : chunk
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    client.off('data', read)
    const target = /^CONNECT \[?([^\s\]]+?)\]?:(\d+) /.exec(head.toString('latin1', 0, end))
    if (!target?.[1]) {
      client.end('HTTP/1.1 400 Bad Request\r\n\r\n')
      return
    }
    client.write('HTTP/1.1 200 OK\r\n\r\n')
    awaitHello(client, target[1], Number(target[2]), head.subarray(end + 4))
  }
  client.on('data', read)
})

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number }
  process.stdout.write(`${JSON.stringify({ port, caPem: authority.pem })}\n`)
})
