/** `weir tag` and `weir note`. */
import type { Params } from '../../../sdk/protocol.ts'
import type { CommandRun } from '../command.ts'
import { parseSeq } from '../commands.ts'
import { withClient } from '../context.ts'
import { exits } from '../exit.ts'
import type { Given } from '../given.ts'
import { writeJson } from '../json-output.ts'
import { printable } from '../printable.ts'
import { resolveSession } from '../session-argument.ts'

type Annotation = Pick<Params<'exchange/set'>, 'tags' | 'note'>

const annotating =
  (read: (given: Given) => Annotation): CommandRun =>
  (given, context) => {
    const seq = parseSeq(given.required('seq'))
    return withClient(context, async (client) => {
      const { id } = await resolveSession(client, given.required('session'))
      const exchange = await client.call('exchange/set', { sessionId: id, seq, ...read(given) })
      const said = [...exchange.tags.map((tag) => `#${tag}`), ...(exchange.note === null ? [] : [exchange.note])].join(' ')
      if (given.flag('json')) await writeJson(context, exchange)
      else await context.out.line(printable(`${seq}: ${said || 'no tags, no note'}`))
      return exits.done
    })
  }

export const tag = annotating((given) => ({ tags: [...new Set(given.rest('tags'))] }))
export const note = annotating((given) => ({ note: given.rest('text').join(' ') || null }))
