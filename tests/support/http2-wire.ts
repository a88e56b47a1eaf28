/** HTTP/2 bytes: frames made by hand, and what Node's own client and server say to each other. */

import { once } from 'node:events'
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'

export const Frame = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  promise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const
export const Flag = { endStream: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export function frame(type: number, flags: number, stream: number, payload: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(payload as string, 'latin1')
  const header = Buffer.alloc(9)
  header.writeUIntBE(bytes.length, 0, 3)
  header[3] = type
  header[4] = flags
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, bytes])
}

export const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A field block of literals that leave the table as it is. */
export function block(fields: [name: string, value: string][]): Buffer {
  const string = (text: string) => {
    const bytes = Buffer.from(text, 'latin1')
    const length = bytes.length < 127 ? [bytes.length] : [127, ((bytes.length - 127) & 127) | 128, (bytes.length - 127) >> 7]
    return Buffer.concat([Buffer.from(length), bytes])
  }
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), string(name), string(value)]))
}

export const padding = (payload: Buffer | string, length: number): Buffer =>
  Buffer.concat([Buffer.of(length), Buffer.from(payload as string, 'latin1'), Buffer.alloc(length)])

export interface Conversation {
  client: Buffer
  origin: Buffer
}

/** The bytes of a real conversation, from a relay between Node's client and server. */
export async function conversation(
  answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
  ask: (client: ClientHttp2Session) => Promise<void>,
): Promise<Conversation> {
  const said = { client: [] as Buffer[], origin: [] as Buffer[] }
  const server = createServer()
  server.on('stream', answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const relay = createTcpServer((near) => {
    const far = connect((server.address() as AddressInfo).port, '127.0.0.1')
    near.on('data', (chunk: Buffer) => said.client.push(chunk)).pipe(far)
    far.on('data', (chunk: Buffer) => said.origin.push(chunk)).pipe(near)
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  const client = connectHttp2(`http://127.0.0.1:${(relay.address() as AddressInfo).port}`)
  await ask(client)
  client.close()
  await once(client, 'close')
  relay.close()
  server.close()
  return { client: Buffer.concat(said.client), origin: Buffer.concat(said.origin) }
}
