import type { OverviewKey } from '../../../sdk/overview-keys.ts'
import type { CommandRun } from '../command.ts'
import { withClient } from '../context.ts'
import { exits } from '../exit.ts'
import { writeJsonLines } from '../json-output.ts'
import { overviewLines } from '../overview-table.ts'
import { plural } from '../quantity.ts'
import { redactParam } from '../redact-option.ts'
import { explainQuery, nothingMatched, resolveSessionAndQuery } from '../session-argument.ts'

export const overview: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const first = given.argument('session')
    const found = await resolveSessionAndQuery(client, first === undefined ? [] : [first, ...given.rest('query')])
    const { session, where, notASession } = found
    const by = (given.text('by') ?? 'host') as OverviewKey
    const limit = given.number('limit')
    const params = { sessionId: session.id, by, ...(where && { where }), ...redactParam(given), ...(limit !== undefined && { limit }) }
    const answer = await client.call('session/overview', params).catch((error: unknown) => {
      throw explainQuery(error, found)
    })
    if (answer.total.exchanges === 0) {
      if (notASession !== undefined) await context.err.line(`weir: ${nothingMatched(notASession)}`)
      return exits.done
    }
    if (!given.flag('json')) {
      await context.out.write(`${overviewLines(answer, by, context.out).join('\n')}\n`)
      return exits.done
    }
    await writeJsonLines(context, answer.groups)
    if (answer.rest) await context.err.line(`weir: there is more, in ${plural(answer.rest.groups, 'group')}; ask for more with --limit`)
    return exits.done
  })
