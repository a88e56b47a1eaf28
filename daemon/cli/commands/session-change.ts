/** `weir session stop|pause|resume|rename|delete`. */
import type { Client } from '../../../sdk/client.ts'
import type { Session } from '../../../sdk/model.ts'
import type { CommandRun } from '../command.ts'
import { withClient } from '../context.ts'
import { exits } from '../exit.ts'
import type { Given } from '../given.ts'
import { writeJson } from '../json-output.ts'
import { printable } from '../printable.ts'
import { plural } from '../quantity.ts'
import { resolveSession } from '../session-argument.ts'

type Change = (client: Client, sessionId: string, given: Given) => Promise<Session>

const changing =
  (change: Change): CommandRun =>
  (given, context) =>
    withClient(context, async (client) => {
      const { id } = await resolveSession(client, given.required('session'))
      const session = await change(client, id, given)
      if (given.flag('json')) await writeJson(context, session)
      else await context.out.line(describe(session))
      return exits.done
    })

function describe({ name, id, state, proxy, counts }: Session): string {
  const where = proxy && state !== 'stopped' ? ` on ${proxy.host}:${proxy.port}` : ''
  return printable(`${name} (${id}) is ${state}${where}, with ${plural(counts.exchanges, 'exchange')}`)
}

export const stopSession = changing((client, sessionId) => client.call('session/stop', { sessionId }))
export const pauseSession = changing((client, sessionId) => client.call('session/pause', { sessionId }))
export const resumeSession = changing((client, sessionId) => client.call('session/resume', { sessionId }))
export const renameSession = changing((client, sessionId, given) => client.call('session/set', { sessionId, name: given.required('name') }))

export const deleteSession: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const { id, name } = await resolveSession(client, given.required('session'))
    await client.call('session/delete', { sessionId: id })
    await context.out.line(printable(`${name} (${id}) is deleted`))
    return exits.done
  })
