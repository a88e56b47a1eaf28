/** Clients that leave every byte to the test. */
import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'

/** A TCP connection, half-open allowed; destroyed when the test has finished. */
export async function connectTo(port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.on('error', () => undefined)
  return socket
}

/** Reads until what has come satisfies `done`; the rest is put back. */
export function readUntil(socket: Socket, done: (bytes: Buffer) => number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0)
    const leave = () => {
      socket.pause()
      socket.off('data', read)
      socket.off('end', ended)
    }
    const read = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      const length = done(bytes)
      if (length <= 0) return
      leave()
      if (length < bytes.length) socket.unshift(bytes.subarray(length))
      resolve(bytes.subarray(0, length))
    }
    const ended = () => {
      leave()
      reject(new Error(`the connection ended after: ${bytes.toString('latin1').slice(0, 500)}`))
    }
    socket.on('data', read)
    socket.on('end', ended)
    socket.resume()
  })
}

const endOfHead = '\r\n\r\n'

/** The head of a message, its empty line included. */
export const readHead = async (socket: Socket): Promise<string> =>
  (await readUntil(socket, (bytes) => (bytes.includes(endOfHead) ? bytes.indexOf(endOfHead) + 4 : 0))).toString('latin1')

export const readExactly = (socket: Socket, length: number): Promise<Buffer> =>
  length === 0 ? Promise.resolve(Buffer.alloc(0)) : readUntil(socket, (bytes) => (bytes.length >= length ? length : 0))

/** Everything until the other side ends its direction. Rejects when it resets. */
export function readAll(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('end', () => resolve(Buffer.concat(chunks)))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`closed without an end after ${Buffer.concat(chunks).length} bytes`)))
    socket.resume()
  })
}

/** How a connection ended: 'end' in order, 'reset' by an RST or without an end. */
export function ending(socket: Socket): Promise<'end' | 'reset'> {
  return new Promise((resolve) => {
    socket.on('end', () => resolve('end'))
    socket.on('error', () => resolve('reset'))
    socket.on('close', () => resolve('reset'))
    socket.resume()
  })
}

/** A tunnel through an HTTP proxy. Rejects with the status line when the answer is not 200. */
export async function openTunnel(proxyPort: number, authority: string, fields = ''): Promise<Socket> {
  const socket = await connectTo(proxyPort)
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${fields}\r\n`)
  const head = await readHead(socket)
  if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(head)
  return socket
}

/** TLS inside a connection. */
export async function secure(socket: Socket, options: ConnectionOptions): Promise<TLSSocket> {
  const tls = connectTls({ socket, ...options })
  await new Promise<void>((resolve, reject) => tls.once('secureConnect', resolve).once('error', reject))
  tls.on('error', () => undefined)
  return tls
}
