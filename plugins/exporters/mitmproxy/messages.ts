/** The messages of a WebSocket, as a flow has them. */
import type { Message } from '../../../sdk/model.ts'
import type { ExportedExchange } from '../../../sdk/plugin.ts'
import { seconds } from './connections.ts'
import * as tnet from './tnetstring.ts'

const opcodes: Partial<Record<Message['type'], number>> = { text: 1, binary: 2 }

/** Texts and bytes: of pings, pongs and closes there is only how it was closed. */
export async function webSocket(exchange: ExportedExchange): Promise<tnet.Netstring> {
  const { state, startedAt, durationMs } = exchange
  let bytes = 0
  let count = 0
  let close: Message | null = null
  for await (const message of exchange.messages()) {
    bytes += messageOf(message)?.bytes ?? 0
    count++
    if (message.type === 'close') close ??= message
  }
  return tnet.dictionary({
    messages: tnet.streamedList({ bytes, pieces: () => messagesOf(exchange, count) }),
    closed_by_client: close === null ? tnet.none : tnet.boolean(close.direction === 'sent'),
    close_code: close?.code === undefined ? tnet.none : tnet.integer(close.code),
    close_reason: close?.reason === undefined ? tnet.none : tnet.text(close.reason),
    timestamp_end: state === 'open' || durationMs === null ? tnet.none : seconds(startedAt + durationMs),
  })
}

/** Not those that have come since they were counted. */
async function* messagesOf(exchange: ExportedExchange, count: number): AsyncGenerator<Uint8Array> {
  for await (const message of exchange.messages()) {
    if (message.index >= count) return
    const value = messageOf(message)
    if (value !== null) yield* tnet.written(value)
  }
}

/** null: it is a control frame. */
function messageOf({ type, direction, at, text, data = '' }: Message): tnet.Netstring | null {
  const opcode = opcodes[type]
  if (opcode === undefined) return null
  const content = text === undefined ? Buffer.from(data, 'base64') : Buffer.from(text.toWellFormed(), 'utf8')
  const [dropped, injected] = [tnet.boolean(false), tnet.boolean(false)]
  const fromClient = tnet.boolean(direction === 'sent')
  return tnet.list([tnet.integer(opcode), fromClient, tnet.bytes(content.toString('latin1')), seconds(at), dropped, injected])
}
