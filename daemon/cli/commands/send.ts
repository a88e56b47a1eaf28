import type { CommandRun } from '../command.ts'
import { withClient } from '../context.ts'
import { parseRequestLine, readData } from '../request-flags.ts'
import { printSent } from '../sent-exchange.ts'
import { resolveSession } from '../session-argument.ts'

export const send: CommandRun = async (given, context) => {
  const data = given.text('data')
  const line = parseRequestLine(given.rest('request'), data !== undefined)
  const { body } = await readData(data, context.in)
  const headers = given.values<[string, string]>('header')
  const httpVersion = given.text('http') as '1.1' | '2' | undefined
  const word = given.text('session')
  const jar = given.text('jar')
  const timeoutMs = given.number('timeout')
  return withClient(context, async (client) => {
    const exchange = await client.call('request/send', {
      request: { ...line, headers, ...(body !== undefined && { body }), ...(httpVersion && { httpVersion }) },
      ...(word !== undefined && { sessionId: (await resolveSession(client, word)).id }),
      ...(jar !== undefined && { jar }),
      ...(given.flag('follow') && { follow: true }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    })
    return printSent(context, client, exchange, given)
  })
}
