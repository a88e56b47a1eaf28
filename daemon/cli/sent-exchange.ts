/** What weir send and weir replay print of an exchange: a view on a terminal, the body of the response to a program. */
import type { Client } from '../../sdk/client.ts'
import type { Exchange } from '../../sdk/model.ts'
import { writeBody } from './commands/body.ts'
import { printExchange } from './commands/show.ts'
import type { Context } from './context.ts'
import { exits } from './exit.ts'
import type { Given } from './given.ts'
import { writeJson } from './json-output.ts'
import { printable } from './printable.ts'

/** Resolves to the exit code: 0 when there is a whole response, whatever its status. */
export async function printSent(context: Context, client: Client, exchange: Exchange, given: Given): Promise<number> {
  const { sessionId, seq, state, response } = exchange
  if (given.flag('json')) await writeJson(context, exchange)
  else if (context.out.terminal) {
    const session = await client.call('session/get', { sessionId })
    await printExchange(context, client, { session, exchange, redact: {} })
  } else if (response) await writeBody(context, client, { sessionId, seq, part: 'response', decode: given.flag('decode') })
  if (state === 'complete') return exits.done
  if (!given.flag('json')) await context.err.line(`weir: ${whyNot(exchange)}`)
  return exits.refused
}

export function whyNot({ state, error, seq, sessionId }: Exchange): string {
  const why = error ? `${error.message} (${error.reason})` : state
  return printable(`${why}; it is exchange ${seq} of session ${sessionId}`)
}
