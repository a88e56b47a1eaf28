import type { CommandRun } from '../command.ts'
import { confirmed } from '../confirm.ts'
import { withClient } from '../context.ts'
import { exits, UsageError } from '../exit.ts'
import { writeJson } from '../json-output.ts'
import { printable } from '../printable.ts'
import { plural } from '../quantity.ts'
import { resolveSession } from '../session-argument.ts'

export const rm: CommandRun = (given, context) => {
  const words = given.rest('what')
  const where = words.join(' ').trim()
  if (where === '') throw new UsageError('weir rm takes the number of an exchange, or a query')
  return withClient(context, async (client) => {
    const { id: sessionId, name } = await resolveSession(client, given.required('session'))
    const isSeq = /^[1-9]\d{0,14}$/.test(where)
    const question = printable(`Delete all that matches ${where} from ${name}?`)
    if (!isSeq && !given.flag('yes') && !(await confirmed(context, question, 'nothing was deleted: confirm with --yes'))) {
      await context.err.line('weir: nothing was deleted')
      return exits.refused
    }
    const { deleted } = await client.call('exchange/delete', { sessionId, ...(isSeq ? { seq: Number(where) } : { where }) })
    if (given.flag('json')) await writeJson(context, { deleted })
    else await context.out.line(printable(`${plural(deleted, 'exchange')} of ${name} deleted`))
    return exits.done
  })
}
