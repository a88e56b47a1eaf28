import type { Client } from '../../../sdk/client.ts'
import type { Exchange } from '../../../sdk/model.ts'
import type { Params } from '../../../sdk/protocol.ts'
import type { CommandRun } from '../command.ts'
import { parseSeq } from '../commands.ts'
import { type Context, withClient } from '../context.ts'
import { exchangeTable } from '../exchange-row.ts'
import { exits } from '../exit.ts'
import type { Given } from '../given.ts'
import { writeJson } from '../json-output.ts'
import { readData } from '../request-flags.ts'
import { diffResponses } from '../response-diff.ts'
import { describeDiff } from '../response-diff-text.ts'
import { printSent, whyNot } from '../sent-exchange.ts'
import { resolveSession } from '../session-argument.ts'

export const replay: CommandRun = async (given, context) => {
  const seq = parseSeq(given.required('seq'))
  const override = await overrideOf(given, context)
  const times = given.number('times') ?? 1
  const jar = given.text('jar')
  const timeoutMs = given.number('timeout')
  return withClient(context, async (client) => {
    const { id: sessionId } = await resolveSession(client, given.required('session'))
    const params = {
      sessionId,
      seq,
      override,
      ...(jar !== undefined && { jar }),
      ...(given.flag('follow') && { follow: true }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    }
    if (times === 1 && !given.flag('diff')) return printSent(context, client, await client.call('exchange/replay', params), given)
    return repeat(context, client, params, times, given)
  })
}

async function repeat(context: Context, client: Client, params: Params<'exchange/replay'>, times: number, given: Given): Promise<number> {
  const { sessionId, seq } = params
  const { out, err } = context
  const rows = exchangeTable(out)
  const recorded = await client.call('exchange/get', { sessionId, seq })
  let code: number = exits.done
  if (!given.flag('json')) await out.line(rows.header())
  for (let time = 0; time < times; time++) {
    const exchange: Exchange = await client.call('exchange/replay', params)
    if (exchange.state !== 'complete') code = exits.refused
    const diff = given.flag('diff') ? await diffResponses(client, recorded, exchange) : null
    if (given.flag('json')) await writeJson(context, diff ? { ...exchange, diff } : exchange)
    else {
      await out.line(rows.line(exchange))
      if (exchange.state !== 'complete') await err.line(`weir: ${whyNot(exchange)}`)
      else if (diff) await out.line(describeDiff(diff, out))
    }
  }
  return code
}

async function overrideOf(given: Given, context: Context): Promise<NonNullable<Params<'exchange/replay'>['override']>> {
  const method = given.text('method')
  const url = given.text('url')
  const httpVersion = given.text('http') as '1.1' | '2' | undefined
  const removed = given.list('without').map((name): [string, null] => [name, null])
  const headers = [...removed, ...given.values<[string, string]>('header')]
  return {
    ...(method !== undefined && { method }),
    ...(url !== undefined && { url }),
    ...(headers.length > 0 && { headers }),
    ...(await readData(given.text('data'), context.in)),
    ...(httpVersion && { httpVersion }),
  }
}
