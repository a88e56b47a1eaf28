/** Writes each exchange as a conversation of its own: what was side by side on one connection (HTTP/2) stays apart. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { ExportedExchange } from '../../../sdk/plugin.ts'
import { caption } from '../text/caption.ts'
import { addressPair } from './address.ts'
import { fileHead, packetBlock } from './block.ts'
import { clearMessage } from './clear-message.ts'
import { Conversation, firstSequence, type Side, segmentBytes } from './conversation.ts'
import { webSocketFrame } from './websocket-frame.ts'

/** `http`: all origins are on port 80, by which readers know what it is; in clear text 443 would be no TLS. */
export type Ports = 'http' | 'real'

/** The dynamic ports (RFC 6335 section 6). */
const ports = { first: 49_152, count: 16_384 }
const heldBytes = 64 * 1024

export class CaptureWriter {
  readonly #out: Writable
  readonly #ports: Ports
  #conversations = 0
  #held: Buffer[] = []
  #heldBytes = 0

  constructor(out: Writable, ports: Ports) {
    this.#out = out
    this.#ports = ports
  }

  async begin(): Promise<void> {
    this.#add(fileHead())
    await this.#flush()
  }

  async exchange(exchange: ExportedExchange): Promise<void> {
    const { startedAt, durationMs, timings, kind, response, state } = exchange
    const conversation = this.#conversation(exchange)
    const answered = startedAt + (timings.send ?? 0) + (timings.wait ?? 0)
    const ended = Math.max(answered, startedAt + (durationMs ?? 0))
    conversation.open(startedAt)
    const sent = { begin: startedAt, end: startedAt + (timings.send ?? 0), comment: `weir ${caption(exchange)}` }
    await this.#send(conversation, 'client', clearMessage(exchange, 'request'), sent)
    // What follows the handshake of a WebSocket is no body, and the handshake is over when its answer begins.
    const received = { begin: answered, end: kind === 'websocket' ? answered : ended, comment: `weir ${exchange.seq} ${noteOn(exchange)}` }
    if (response !== null) await this.#send(conversation, 'server', clearMessage(exchange, 'response'), received)
    if (kind === 'websocket') await this.#messages(conversation, exchange)
    if (state === 'complete') conversation.close('server', ended)
    else if (state === 'failed') conversation.reset('server', ended)
    else if (state === 'aborted') conversation.reset('client', ended)
    await this.#flush()
  }

  #conversation({ client, server, request }: ExportedExchange): Conversation {
    const number = this.#conversations++
    const scheme = request.url.startsWith('https:') ? 443 : 80
    const origin = this.#ports === 'real' ? (server?.port ?? scheme) : 80
    const between = { client: ports.first + (number % ports.count), server: origin }
    return new Conversation(addressPair(client?.address, server?.address), between, firstSequence(number), (packet, at, comment) =>
      this.#add(packetBlock(packet, at, comment)),
    )
  }

  async #send(
    conversation: Conversation,
    side: Side,
    pieces: AsyncIterable<Uint8Array>,
    { begin, end, comment }: { begin: number; end: number; comment: string },
  ): Promise<void> {
    let held: Uint8Array[] = []
    let bytes = 0
    let isFirst = true
    const send = () => {
      conversation.send(side, Buffer.concat(held, bytes), isFirst ? begin : end, isFirst ? comment : null)
      held = []
      bytes = 0
      isFirst = false
    }
    for await (const piece of pieces) {
      held.push(piece)
      bytes += piece.length
      if (bytes < segmentBytes) continue
      send()
      if (this.#heldBytes > heldBytes) await this.#flush()
    }
    if (bytes > 0) send()
  }

  async #messages(conversation: Conversation, exchange: ExportedExchange): Promise<void> {
    for await (const message of exchange.messages()) {
      const frame = webSocketFrame(message)
      if (frame === null) continue
      const comment = `weir ${exchange.seq} message ${message.index}`
      conversation.send(message.direction === 'sent' ? 'client' : 'server', frame, message.at, comment)
      if (this.#heldBytes > heldBytes) await this.#flush()
    }
  }

  #add(bytes: Buffer): void {
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#held, this.#heldBytes)
    this.#held = []
    this.#heldBytes = 0
    if (!this.#out.write(bytes)) await once(this.#out, 'drain')
  }
}

/** What the packets do not show. */
function noteOn({ state, request, response, streamId, error }: ExportedExchange): string {
  const cut = request.truncated || response?.truncated ? ['cut'] : []
  const stream = streamId === undefined ? [] : [`stream ${streamId}`]
  const version = request.httpVersion === '' ? [] : [`HTTP/${request.httpVersion}`]
  return [state, ...version, ...stream, ...cut, ...(error ? [error.reason] : [])].join(', ')
}
