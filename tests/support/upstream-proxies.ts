/** Proxies of the tests' own, for weir to go through: one by CONNECT, one by SOCKS 4, 4a and 5. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { onTestFinished } from 'vitest'
import { testCa } from './certificates.ts'
import { readExactly, readHead, readUntil } from './wire.ts'

export interface UpstreamStandIn {
  port: number
  /** What it was asked for, `host:port`. */
  asked: string[]
}

async function listen(server: Server, asked: string[]): Promise<UpstreamStandIn> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, asked }
}

function join(client: Socket, host: string, port: number, joined: () => void): void {
  const origin = connect({ host, port }, () => {
    joined()
    client.pipe(origin).pipe(client)
  })
  origin.on('error', () => client.destroy())
  client.on('close', () => origin.destroy())
  onTestFinished(() => void client.destroy())
}

interface ConnectProxyOptions {
  /** `user:password` that it wants. */
  auth?: string
  tls?: boolean
  /** What it answers instead of connecting; null: nothing at all. */
  answer?: string | null
}

export async function startConnectProxy({ auth, tls, answer }: ConnectProxyOptions = {}): Promise<UpstreamStandIn> {
  const asked: string[] = []
  const serve = async (client: Socket) => {
    client.on('error', () => undefined)
    const head = await readHead(client)
    asked.push(/^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(head)?.[1] ?? head)
    const given = /\r\nProxy-Authorization: Basic (\S+)\r\n/.exec(head)?.[1] ?? ''
    if (answer === null) return
    if (answer !== undefined) client.end(answer)
    else if (auth !== undefined && Buffer.from(given, 'base64').toString() !== auth) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n')
    } else {
      const { hostname, port } = new URL(`http://${asked.at(-1)}`)
      join(client, hostname, Number(port || 80), () => client.write('HTTP/1.1 200 Yes\r\nX-Proxy: own\r\n\r\n'))
    }
  }
  const accept = (client: Socket) => void serve(client).catch(() => client.destroy())
  return listen(tls ? createTlsServer(await (await testCa()).issue(['localhost']), accept) : createServer(accept), asked)
}

interface SocksProxyOptions {
  /** `user:password` that it wants (SOCKS 5). */
  auth?: string
  /** The reply it gives instead of connecting. */
  reply?: number
}

export async function startSocksProxy({ auth, reply }: SocksProxyOptions = {}): Promise<UpstreamStandIn> {
  const asked: string[] = []
  const serve = async (client: Socket) => {
    client.on('error', () => undefined)
    const [version] = await readExactly(client, 1)
    if (version === 4) await serve4(client)
    else await serve5(client)
  }
  const text = async (client: Socket) => (await readUntil(client, (bytes) => bytes.indexOf(0) + 1)).toString('latin1').slice(0, -1)
  const serve4 = async (client: Socket) => {
    const head = await readExactly(client, 7)
    await text(client)
    const isName = head.readUIntBE(3, 3) === 0 && head[6] !== 0
    const host = isName ? await text(client) : [...head.subarray(3)].join('.')
    asked.push(`${host}:${head.readUInt16BE(1)}`)
    const answer = (code: number) => Buffer.from([0, code, 0, 0, 0, 0, 0, 0])
    if (reply !== undefined) client.end(answer(reply))
    else join(client, host, head.readUInt16BE(1), () => client.write(answer(90)))
  }
  const serve5 = async (client: Socket) => {
    const [methods = 0] = await readExactly(client, 1)
    const offered = await readExactly(client, methods)
    const method = auth === undefined ? 0 : 2
    client.write(Buffer.from([5, offered.includes(method) ? method : 255]))
    if (auth !== undefined) {
      const [, userLength = 0] = await readExactly(client, 2)
      const user = await readExactly(client, userLength)
      const [passwordLength = 0] = await readExactly(client, 1)
      const given = `${user}:${await readExactly(client, passwordLength)}`
      client.write(Buffer.from([1, given === auth ? 0 : 1]))
      if (given !== auth) return
    }
    const head = await readExactly(client, 4)
    const [length = 0] = head[3] === 3 ? await readExactly(client, 1) : [head[3] === 1 ? 4 : 16]
    const address = await readExactly(client, length)
    const host = head[3] === 3 ? address.toString() : [...address].join('.')
    const port = (await readExactly(client, 2)).readUInt16BE(0)
    asked.push(`${host}:${port}`)
    const answer = (code: number) => Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0])
    if (reply !== undefined) client.end(answer(reply))
    else join(client, host, port, () => client.write(answer(0)))
  }
  return listen(
    createServer((client) => void serve(client).catch(() => client.destroy())),
    asked,
  )
}
