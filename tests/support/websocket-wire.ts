/** What a real WebSocket client and server say to each other, after the handshake. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { type PerMessageDeflateOptions, WebSocket, WebSocketServer } from 'ws'

export interface WebSocketTalk {
  client: Buffer
  origin: Buffer
  /** Sec-WebSocket-Extensions of the response. */
  extensions: string[]
}

/** The client sends the messages, the server sends each back; then the client closes. */
export async function webSocketTalk(
  messages: readonly (string | Buffer)[],
  perMessageDeflate: boolean | PerMessageDeflateOptions,
): Promise<WebSocketTalk> {
  const options = typeof perMessageDeflate === 'object' ? { ...perMessageDeflate, threshold: 0 } : perMessageDeflate
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: options })
  server.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })))
  await once(server, 'listening')
  const said = { client: [] as Buffer[], origin: [] as Buffer[] }
  const relay = createServer((near) => {
    const far = connect((server.address() as AddressInfo).port, '127.0.0.1')
    near.on('data', (chunk: Buffer) => said.client.push(chunk)).pipe(far)
    far.on('data', (chunk: Buffer) => said.origin.push(chunk)).pipe(near)
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  const client = new WebSocket(`ws://127.0.0.1:${(relay.address() as AddressInfo).port}`, { perMessageDeflate: options })
  let left = messages.length
  client.on('message', () => {
    if (--left === 0) client.close(1000, 'done')
  })
  await once(client, 'open')
  for (const message of messages) client.send(message)
  await once(client, 'close')
  relay.close()
  server.close()
  const afterHead = (chunks: Buffer[]) => {
    const bytes = Buffer.concat(chunks)
    const end = bytes.indexOf('\r\n\r\n') + 4
    return { head: bytes.toString('latin1', 0, end), rest: bytes.subarray(end) }
  }
  const answer = afterHead(said.origin)
  const extension = /^sec-websocket-extensions: (.*)$/im.exec(answer.head)?.[1]
  return { client: afterHead(said.client).rest, origin: answer.rest, extensions: extension ? [extension] : [] }
}
