import type { Client } from '../../../sdk/client.ts'
import type { Params } from '../../../sdk/protocol.ts'
import type { SearchHit, SearchMatch } from '../../../sdk/search-hit.ts'
import type { CommandRun } from '../command.ts'
import { withClient } from '../context.ts'
import { exits } from '../exit.ts'
import type { Output } from '../output.ts'
import { printable, printableJson } from '../printable.ts'
import { redactParam } from '../redact-option.ts'
import { resolveSession } from '../session-argument.ts'

const pageSize = 50

export const search: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const { id } = await resolveSession(client, given.required('session'))
    const line = given.flag('json') ? printableJson : (hit: SearchHit) => lines(hit, context.out)
    const query = { sessionId: id, text: given.required('text'), caseSensitive: given.flag('caseSensitive'), ...redactParam(given) }
    for await (const hits of pages(client, query, given.number('limit') ?? Infinity)) {
      if (hits.length > 0) await context.out.write(`${hits.map(line).join('\n')}\n`)
    }
    return exits.done
  })

async function* pages(client: Client, query: Params<'exchange/search'>, limit: number): AsyncGenerator<SearchHit[]> {
  let before: number | undefined
  for (let left = limit; left > 0; ) {
    const page = await client.call('exchange/search', {
      ...query,
      limit: Math.min(left, pageSize),
      ...(before !== undefined && { before }),
    })
    yield page.items
    left -= page.items.length
    before = page.next
    if (before === undefined) return
  }
}

/** A line for each match: the exchange, where it is, and the match between what stands around it. */
function lines({ seq, matches }: SearchHit, out: Output): string {
  const place = ({ part, position }: SearchMatch) => out.style('dim', `${seq} ${part} ${position}`)
  return matches
    .map((match) => `${place(match)}  ${printable(match.before)}${out.style('bold', printable(match.match))}${printable(match.after)}`)
    .join('\n')
}
