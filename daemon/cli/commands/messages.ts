import type { Client } from '../../../sdk/client.ts'
import type { Message } from '../../../sdk/model.ts'
import type { Params } from '../../../sdk/protocol.ts'
import type { CommandRun } from '../command.ts'
import { parseSeq } from '../commands.ts'
import { withClient } from '../context.ts'
import { exits } from '../exit.ts'
import { writeJsonLines } from '../json-output.ts'
import { describeMessage } from '../message-text.ts'
import { redactParam } from '../redact-option.ts'
import { resolveSession } from '../session-argument.ts'

export const messages: CommandRun = async (given, context) => {
  const seq = parseSeq(given.required('seq'))
  return withClient(context, async (client) => {
    const { id } = await resolveSession(client, given.required('session'))
    for await (const items of pages(client, { sessionId: id, seq, decode: true, ...redactParam(given) })) {
      if (given.flag('json')) await writeJsonLines(context, items)
      else for (const item of items) await context.out.line(describeMessage(item, context.out))
    }
    return exits.done
  })
}

async function* pages(client: Client, which: Params<'exchange/readMessages'>): AsyncGenerator<Message[]> {
  for (let since = 0, more = true; more; ) {
    const page = await client.call('exchange/readMessages', { ...which, since })
    yield page.items
    since += page.items.length
    more = page.more
  }
}
