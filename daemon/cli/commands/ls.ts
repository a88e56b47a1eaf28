import type { Client } from '../../../sdk/client.ts'
import type { Exchange } from '../../../sdk/model.ts'
import type { Params } from '../../../sdk/protocol.ts'
import type { CommandRun } from '../command.ts'
import { type Context, withClient } from '../context.ts'
import { exchangeTable } from '../exchange-row.ts'
import { exits } from '../exit.ts'
import { printableJson } from '../printable.ts'
import { redactParam } from '../redact-option.ts'
import { explainQuery, nothingMatched, resolveSessionAndQuery, type SessionAndQuery } from '../session-argument.ts'

const pageSize = 500

export const ls: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const first = given.argument('session')
    const found = await resolveSessionAndQuery(client, first === undefined ? [] : [first, ...given.rest('query')])
    const scope = scopeOf(found, redactParam(given))
    const sort = given.text('sort') as Sort | undefined
    const limit = given.number('limit') ?? Infinity
    const line = lineOf(context, given.flag('json'))
    let isEmpty = true
    try {
      const pages = sort
        ? [await sorted(client, scope, sort, limit)]
        : limit < Infinity
          ? [await newest(client, scope, limit)]
          : all(client, scope)
      let headed = given.flag('json')
      for await (const page of pages) {
        if (!headed && page.length > 0) await context.out.line(exchangeTable(context.out).header())
        headed ||= page.length > 0
        isEmpty &&= page.length === 0
        if (page.length > 0) await context.out.write(`${page.map(line).join('\n')}\n`)
      }
    } catch (error) {
      throw explainQuery(error, found)
    }
    if (isEmpty && found.notASession !== undefined) await context.err.line(`weir: ${nothingMatched(found.notASession)}`)
    return exits.done
  })

function lineOf({ out }: Context, json: boolean): (exchange: Exchange) => string {
  if (json) return (exchange) => printableJson(exchange)
  return exchangeTable(out).line
}

type Scope = Pick<Params<'exchange/list'>, 'sessionId' | 'where' | 'redact'>

const scopeOf = ({ session, where }: SessionAndQuery, redact: Pick<Scope, 'redact'>): Scope => ({
  sessionId: session.id,
  ...(where && { where }),
  ...redact,
})

async function* all(client: Client, scope: Scope): AsyncGenerator<Exchange[]> {
  let after = 0
  let more = true
  while (more) {
    const page = await client.call('exchange/list', { ...scope, order: 'asc', after, limit: pageSize })
    yield page.items
    after = page.items.at(-1)?.seq ?? after
    more = page.more && page.items.length > 0
  }
}

/** By seq. */
async function newest(client: Client, scope: Scope, limit: number): Promise<Exchange[]> {
  const taken: Exchange[] = []
  let more = true
  while (more && taken.length < limit) {
    const before = taken.at(-1)?.seq
    const page = await client.call('exchange/list', {
      ...scope,
      order: 'desc',
      limit: Math.min(pageSize, limit - taken.length),
      ...(before && { before }),
    })
    taken.push(...page.items)
    more = page.more && page.items.length > 0
  }
  return taken.reverse()
}

type Sort = 'time' | 'size' | 'dur'

/** What comes first has the smallest key. */
const keys: { [S in Sort]: (exchange: Exchange) => number } = {
  time: ({ startedAt }) => startedAt,
  size: ({ response }) => -(response?.bodySize ?? -1),
  dur: ({ durationMs, startedAt }) => -(durationMs ?? Date.now() - startedAt),
}

async function sorted(client: Client, scope: Scope, sort: Sort, limit: number): Promise<Exchange[]> {
  const keyed: { key: number; exchange: Exchange }[] = []
  for await (const page of all(client, scope)) for (const exchange of page) keyed.push({ key: keys[sort](exchange), exchange })
  keyed.sort((a, b) => a.key - b.key || a.exchange.seq - b.exchange.seq)
  return keyed.slice(0, Math.min(limit, keyed.length)).map(({ exchange }) => exchange)
}
