import { follow } from '../../../sdk/follow.ts'
import type { Exchange } from '../../../sdk/model.ts'
import type { CommandRun } from '../command.ts'
import { type Context, withClient } from '../context.ts'
import { exchangeTable } from '../exchange-row.ts'
import { exits } from '../exit.ts'
import { printableJson } from '../printable.ts'
import { redactParam } from '../redact-option.ts'
import { SeqSet } from '../seq-set.ts'
import { explainQuery, looksLikeSession, resolveSessionAndQuery, takenForQuery } from '../session-argument.ts'

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export const tail: CommandRun = async (given, context) => {
  const first = given.argument('session')
  const words = first === undefined ? [] : [first, ...given.rest('query')]
  const found = await withClient(context, (client) => resolveSessionAndQuery(client, words))
  const ending = new AbortController()
  const end = () => ending.abort()
  for (const signal of endings) process.on(signal, end)
  try {
    const { session, where, notASession } = found
    if (notASession !== undefined && looksLikeSession(notASession)) await context.err.line(`weir: ${takenForQuery(notASession)}`)
    const since = given.flag('all') ? { since: 'start' } : {}
    const print = given.flag('json') ? jsonLines(context) : rows(context)
    const changes = follow({
      home: context.home,
      sessionId: session.id,
      ...(where && { where }),
      ...redactParam(given),
      ...since,
      signal: ending.signal,
    })
    for await (const { items } of changes) await print(items)
    return exits.done
  } catch (error) {
    throw explainQuery(error, found)
  } finally {
    for (const signal of endings) process.off(signal, end)
  }
}

type Print = (items: readonly Exchange[]) => Promise<void>

const jsonLines =
  ({ out }: Context): Print =>
  async (items) => {
    if (items.length > 0) await out.write(`${items.map(printableJson).join('\n')}\n`)
  }

/** Each exchange once, when it has ended. */
function rows({ out }: Context): Print {
  const shown = new SeqSet()
  let headed = false
  return async (items) => {
    const ended = items.filter(({ state, seq }) => state !== 'open' && !shown.has(seq))
    if (ended.length === 0) return
    const layout = exchangeTable(out)
    const lines = ended.map((exchange) => {
      shown.add(exchange.seq)
      return layout.line(exchange)
    })
    if (!headed) lines.unshift(layout.header())
    headed = true
    await out.write(`${lines.join('\n')}\n`)
  }
}
