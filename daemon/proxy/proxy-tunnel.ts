/** A tunnel to a destination over a connection to a proxy: by CONNECT (RFC 9110 section 9.3.6) or SOCKS (RFC 1928, 1929). */
import { lookup } from 'node:dns/promises'
import { isIP, type Socket } from 'node:net'
import { type Destination, formatAuthority } from './destination.ts'
import { connectFailure, OriginFailure } from './origin-failure.ts'
import type { UpstreamProxy } from './upstream-proxy.ts'

/** Of a proxy's answer to CONNECT, bytes. */
const longestHead = 16 * 1024
/** Of a name in SOCKS 5, bytes. */
const longestName = 255

export interface TunnelOptions {
  proxy: UpstreamProxy
  destination: Destination
  /** Of a name that is looked up here; null: any. */
  family: 4 | 6 | null
  timeoutMs: number
  /** What a message begins with. */
  where: string
}

/** What the socket says from then on is the destination's. Rejects with OriginFailure, and then the socket is destroyed. */
export async function openTunnel(socket: Socket, options: TunnelOptions): Promise<void> {
  try {
    const isHttp = options.proxy.protocol === 'http' || options.proxy.protocol === 'https'
    await (isHttp ? openByConnect(socket, options) : openBySocks(socket, options))
  } catch (error) {
    socket.destroy()
    throw error
  }
}

const late = (where: string) => new OriginFailure('upstreamProxyTimeout', `${where}: the proxy did not answer in time`)
const authRequired = (where: string, credentials: UpstreamProxy['credentials'], how: string) =>
  new OriginFailure(
    'upstreamProxyAuthRequired',
    `${where}: ${credentials ? 'the proxy does not accept the credentials' : 'the proxy wants credentials'} (${how}): put USER:PASSWORD@ into its URL`,
  )
const refused = (where: string, how: string) => new OriginFailure('upstreamProxyRefused', `${where}: the proxy refuses (${how})`)

async function openByConnect(socket: Socket, { proxy: { credentials }, destination, timeoutMs, where }: TunnelOptions): Promise<void> {
  const authority = formatAuthority(destination)
  const basic = credentials && Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')
  const authorization = basic ? `Proxy-Authorization: Basic ${basic}\r\n` : ''
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`, 'latin1')
  const head = await readHead(socket, timeoutMs, where)
  const status = /^HTTP\/1\.\d (\d{3})(?: |\r|\n)/.exec(head)?.[1]
  if (status === '407') throw authRequired(where, credentials, '407')
  if (status === undefined) throw refused(where, 'it speaks no HTTP')
  if (!status.startsWith('2')) throw refused(where, `it answered ${status}`)
}

/** Up to its empty line; what came after it is put back. */
function readHead(socket: Socket, timeoutMs: number, where: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0)
    const leave = () => {
      clearTimeout(timer)
      socket.off('data', read)
      socket.off('end', ended)
      socket.off('close', ended)
      socket.pause()
    }
    const fail = (failure: OriginFailure) => {
      leave()
      reject(failure)
    }
    const timer = setTimeout(() => fail(late(where)), timeoutMs)
    const ended = () => fail(refused(where, 'it closed the connection'))
    const read = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      const end = bytes.indexOf('\r\n\r\n')
      if (end < 0) {
        if (bytes.length > longestHead) fail(refused(where, 'its answer has no end'))
        return
      }
      leave()
      if (end + 4 < bytes.length) socket.unshift(bytes.subarray(end + 4))
      resolve(bytes.toString('latin1', 0, end + 4))
    }
    socket.on('data', read)
    socket.on('end', ended)
    socket.on('close', ended)
    socket.resume()
  })
}

async function openBySocks(socket: Socket, options: TunnelOptions): Promise<void> {
  const { proxy, destination, timeoutMs, where } = options
  const { protocol, host, port, credentials } = proxy
  const { SocksClient } = await import('socks')
  const type = protocol.startsWith('socks4') ? 4 : 5
  const target = { host: await hostFor(options), port: destination.port }
  if (Buffer.byteLength(target.host) > longestName) throw refused(where, `a name of more than ${longestName} bytes fits no SOCKS request`)
  try {
    await SocksClient.createConnection({
      proxy: { host, port, type, ...(credentials && { userId: credentials.username, password: credentials.password }) },
      command: 'connect',
      destination: target,
      existing_socket: socket,
      timeout: timeoutMs,
    })
  } catch (error) {
    throw socksFailure((error as Error).message, proxy, where)
  }
}

/** SOCKS 4 and 5 as curl and others tell them apart: with `a` or `h` the proxy looks the name up, else weir does. */
async function hostFor({ proxy: { protocol }, destination: { host }, family, where }: TunnelOptions): Promise<string> {
  const isLocal = protocol === 'socks4' || protocol === 'socks5'
  if (!isLocal || isIP(host) !== 0) return host
  try {
    return (await lookup(host, { family: protocol === 'socks4' ? 4 : (family ?? 0) })).address
  } catch (error) {
    throw connectFailure(error as Error, where)
  }
}

/** @param message the library's: it names the step that failed, and no credentials */
function socksFailure(message: string, { credentials }: UpstreamProxy, where: string): OriginFailure {
  if (/timed out/i.test(message)) return late(where)
  if (/auth/i.test(message)) return authRequired(where, credentials, message)
  return refused(where, message === 'Socket closed' ? 'it closed the connection' : message)
}
