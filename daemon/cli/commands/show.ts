import type { Client } from '../../../sdk/client.ts'
import { WeirError } from '../../../sdk/errors.ts'
import type { Exchange, Part, Session } from '../../../sdk/model.ts'
import type { Redact } from '../../../sdk/redaction/settings.ts'
import type { CommandRun } from '../command.ts'
import { parseSeq } from '../commands.ts'
import { type Context, withClient } from '../context.ts'
import { headerValue } from '../exchange-row.ts'
import { describeExchange, describeRequest, describeResponse } from '../exchange-text.ts'
import { exits, sentence } from '../exit.ts'
import { describeForm, hasFields, isForm } from '../form-text.ts'
import { writeJson } from '../json-output.ts'
import { describeMessage } from '../message-text.ts'
import { printable, printableLines } from '../printable.ts'
import { formatBytes } from '../quantity.ts'
import { readableText } from '../readable-text.ts'
import { redactParam } from '../redact-option.ts'
import { resolveSession } from '../session-argument.ts'
import { shellWord } from '../shell-word.ts'

const shownBytes = 64 * 1024
const shownMessages = 20

export const show: CommandRun = async (given, context) => {
  const seq = parseSeq(given.required('seq'))
  return withClient(context, async (client) => {
    const session = await resolveSession(client, given.required('session'))
    const redact = redactParam(given)
    const exchange = await client.call('exchange/get', { sessionId: session.id, seq, ...redact })
    if (given.flag('json')) await writeJson(context, exchange)
    else await printExchange(context, client, { session, exchange, redact })
    return exits.done
  })
}

/** What of an exchange is shown; `redact`: the parameter of the calls that read more of it. */
interface Shown {
  session: Session
  exchange: Exchange
  redact: { redact?: Redact }
}

export async function printExchange(context: Context, client: Client, shown: Shown): Promise<void> {
  const { out } = context
  const { session, exchange } = shown
  await out.line(describeExchange(session, exchange, out))
  await out.line()
  await out.line(describeRequest(exchange, out))
  await printBody(context, client, shown, 'request')
  if (exchange.response) {
    await out.line()
    await out.line(describeResponse(exchange.response, out))
    await printBody(context, client, shown, 'response')
  }
  await printMessages(context, client, shown)
}

async function printMessages({ out }: Context, client: Client, { session, exchange, redact }: Shown): Promise<void> {
  const page = { sessionId: session.id, seq: exchange.seq, limit: shownMessages, decode: true, ...redact }
  const { items, more } = await client.call('exchange/readMessages', page)
  if (items.length === 0) return
  await out.line()
  for (const item of items) await out.line(describeMessage(item, out))
  const how = `weir messages ${shellWord(printable(session.name))} ${exchange.seq}`
  if (more) await out.line(out.style('dim', `(the first ${shownMessages}; all of them: ${how})`))
}

async function printBody({ out }: Context, client: Client, { session, exchange, redact }: Shown, part: Part): Promise<void> {
  const message = exchange[part]
  if (!message || message.bodySize === 0) return
  await out.line()
  const how = `weir body ${shellWord(printable(session.name))} ${exchange.seq} ${part}`
  try {
    const contentType = headerValue(message.headers, 'content-type') ?? ''
    if (isForm(contentType)) {
      const form = await client.call('exchange/readForm', { sessionId: session.id, seq: exchange.seq, part, ...redact })
      if (hasFields(form)) return await out.line(describeForm(form, out))
    }
    const range = { sessionId: session.id, seq: exchange.seq, part, offset: 0, length: shownBytes, decode: true, ...redact }
    const { data, size } = await client.call('exchange/readBody', range)
    const bytes = Buffer.from(data, 'base64')
    const text = readableText(bytes, contentType)
    if (text === null) return await out.line(out.style('dim', `(${formatBytes(size)} that are no text: ${how} > FILE)`))
    const shown = printableLines(text)
    await out.write(shown.endsWith('\n') ? shown : `${shown}\n`)
    if (bytes.length < size)
      await out.line(out.style('dim', `(${formatBytes(bytes.length)} of ${formatBytes(size)}; all of it: ${how} --decode)`))
  } catch (error) {
    if (!(error instanceof WeirError)) throw error
    await out.line(out.style('yellow', `(${printable(sentence(error))}; as it was on the wire: ${how})`))
  }
  if (message.truncated) await out.line(out.style('yellow', '(not all of it was recorded)'))
}
