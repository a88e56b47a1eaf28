/** What exchanges hold: bodies and messages. */
import type { Client } from '../../../sdk/client.ts'
import { WeirError } from '../../../sdk/errors.ts'
import type { Message } from '../../../sdk/model.ts'
import type { Params } from '../../../sdk/protocol.ts'
import { closed, Type, words } from '../../../sdk/schema.ts'
import { UsageError } from '../exit.ts'
import { resolveSession } from '../session-argument.ts'
import { shortText, thatFit, wholeCharacters } from './budget.ts'
import { type Answer, count, given, tool } from './tool.ts'

const optional = Type.Optional
/** Of a text, bytes, when nobody says; and of what is no text. */
const standardLength = 20_000
const binaryLength = 512
/** Of one message, characters. */
const longestMessage = 4_000

export const contentTools = [
  tool({
    name: 'read_body',
    description:
      'A body as text, without its Content-Encoding, from a byte offset on. eof false: there is more, ask again with the `next` of the answer as `offset`. Of what is no text the first bytes are given as base64.',
    input: closed({
      session: given.session,
      seq: given.seq,
      part: words('request', 'response'),
      offset: optional(Type.Integer({ minimum: 0, default: 0, description: 'Bytes of the decoded body.' })),
      length: optional(
        Type.Integer({
          minimum: 1,
          description: 'Bytes; 20,000 when absent. No more than the budget of an answer is given, whatever is asked for.',
        }),
      ),
      redact: given.redact,
    }),
    async run({ session = 'last', seq, part, offset = 0, length = standardLength, redact }, { client, signal, budget, redact: hide }) {
      const { id } = await resolveSession(client, session)
      const which = { sessionId: id, seq, part, offset, redact: hide(redact) }
      try {
        // A byte may become a character, and what stands before the text takes some.
        const range = { ...which, length: Math.min(length, Math.max(1, budget - 500)) }
        const { text, ...facts } = await client.call('exchange/readText', range, { signal })
        return { facts: { ...facts, offset }, text }
      } catch (error) {
        if (error instanceof WeirError && error.reason === 'notText') return bytes(client, which, signal)
        throw error
      }
    },
  }),
  tool({
    name: 'read_messages',
    description:
      'The messages inside of an exchange: WebSocket, server-sent events, gRPC; also while it is open. When more is true, ask again with the `next` of the answer as `since`. Long ones are shortened: read_message has them whole.',
    input: closed({
      session: given.session,
      seq: given.seq,
      since: optional(Type.Integer({ minimum: 0, default: 0, description: 'The index of the first that is wanted.' })),
      limit: count(500, 50, 'Messages at most.'),
      redact: given.redact,
    }),
    async run({ session = 'last', seq, since = 0, limit = 50, redact }, { client, signal, budget, redact: hide }) {
      const { id } = await resolveSession(client, session)
      const hidden = hide(redact)
      const params = { sessionId: id, seq, since, limit, redact: hidden, ...(hidden === 'off' && { decode: true }) }
      const page = await client.call('exchange/readMessages', params, { signal })
      const shown = thatFit(page.items.map(messageLine), budget - 500)
      const more = page.more || shown.length < page.items.length
      return { facts: { messages: shown, more, next: since + shown.length } }
    },
  }),
  tool({
    name: 'read_message',
    description:
      'One message of an exchange, by its index in read_messages: its text (of gRPC what it means, as JSON) from an offset on. eof false: there is more, ask again with the `next` of the answer as `offset`. Of what is no text the bytes are given as base64.',
    input: closed({
      session: given.session,
      seq: given.seq,
      index: Type.Integer({ minimum: 0 }),
      offset: optional(Type.Integer({ minimum: 0, default: 0, description: 'Characters of a text, else bytes.' })),
      redact: given.redact,
    }),
    async run({ session = 'last', seq, index, offset = 0, redact }, { client, signal, budget, redact: hide }) {
      const { id } = await resolveSession(client, session)
      const message = await messageAt(client, { sessionId: id, seq, since: index, redact: hide(redact) }, signal)
      const { direction, type, size, truncated, decoded, data = '' } = message
      const facts = { index, direction, type, size, ...(truncated && { truncated }), offset }
      const text = message.text ?? (decoded === undefined ? null : JSON.stringify(decoded))
      if (text !== null) {
        const piece = wholeCharacters(text, offset, budget - 500)
        const next = offset + piece.length
        return { facts: { ...facts, next, eof: next >= text.length }, text: piece }
      }
      const bytes = Buffer.from(data, 'base64')
      const piece = bytes.subarray(offset, offset + Math.floor((budget - 500) * 0.75))
      const next = offset + piece.length
      return { facts: { ...facts, notText: true, next, eof: next >= bytes.length, base64: piece.toString('base64') } }
    },
  }),
]

/** Rejects when the exchange has no such message. */
async function messageAt(client: Client, which: Params<'exchange/readMessages'>, signal: AbortSignal): Promise<Message> {
  const decode = which.redact === 'off' && { decode: true }
  const { items } = await client.call('exchange/readMessages', { ...which, ...decode, limit: 1 }, { signal })
  const [message] = items
  if (message === undefined || message.index !== which.since)
    throw new UsageError(`exchange ${which.seq} has no message ${which.since}; read_messages lists them`)
  return message
}

async function bytes(client: Client, which: Params<'exchange/readBody'>, signal: AbortSignal): Promise<Answer> {
  const { offset = 0 } = which
  const { data, ...facts } = await client.call('exchange/readBody', { ...which, decode: true, length: binaryLength }, { signal })
  const next = offset + Buffer.from(data, 'base64').length
  return { facts: { ...facts, notText: true, offset, next, base64: data } }
}

function messageLine({ index, at, direction, type, text, data, size, truncated, event, id, code, reason, decoded }: Message): object {
  return {
    index,
    at: new Date(at).toISOString(),
    direction,
    type,
    size,
    ...(text !== undefined && { text: shortText(text, longestMessage) }),
    ...(decoded === undefined ? data !== undefined && { base64: shortText(data, longestMessage) } : { decoded }),
    ...(truncated && { truncated }),
    ...(event !== undefined && { event: shortText(event, 200) }),
    ...(id !== undefined && { id: shortText(id, 200) }),
    ...(code !== undefined && { code }),
    ...(reason !== undefined && { reason }),
  }
}
