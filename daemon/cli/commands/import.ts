import { resolve } from 'node:path'
import type { CommandRun } from '../command.ts'
import { withClient } from '../context.ts'
import { exits } from '../exit.ts'
import { writeJson } from '../json-output.ts'
import { printable } from '../printable.ts'
import { plural } from '../quantity.ts'

export const importFile: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const name = given.text('name')
    const done = await client.call('importer/run', {
      path: resolve(given.required('file')),
      ...(name !== undefined && { name }),
      ...(given.flag('keepGood') && { keepGood: true }),
    })
    if (given.flag('json')) {
      await writeJson(context, done)
      return exits.done
    }
    const { sessionId, exchanges, leftOut, malformed, problems } = done
    for (const { at, message } of problems) await context.err.line(`weir: left out: ${printable(`${at}: ${message}`)}`)
    if (malformed > problems.length) await context.err.line(`weir: left out: ${malformed - problems.length} more`)
    const session = await client.call('session/get', { sessionId })
    const others = leftOut > 0 ? `, without ${leftOut} of what is no HTTP exchange` : ''
    await context.out.line(`${plural(exchanges, 'exchange')} in session ${printable(session.name)} (${sessionId})${others}`)
    return exits.done
  })
