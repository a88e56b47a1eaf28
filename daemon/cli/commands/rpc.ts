import { text } from 'node:stream/consumers'
import { toWire, WeirError } from '../../../sdk/errors.ts'
import type { CommandRun } from '../command.ts'
import { withClient } from '../context.ts'
import { exits, UsageError } from '../exit.ts'
import { writeJson } from '../json-output.ts'
import { printableJson } from '../printable.ts'

export const rpc: CommandRun = async (given, context) => {
  const word = given.argument('params')
  const params = parseParams(word === '-' ? await text(context.in) : (word ?? '{}'))
  return withClient(context, async (client) => {
    try {
      await writeJson(context, await client.request(given.required('method'), params))
      return exits.done
    } catch (error) {
      if (!(error instanceof WeirError)) throw error
      await context.err.line(printableJson(toWire(error)))
      return exits.refused
    }
  })
}

function parseParams(json: string): object {
  let params: unknown
  try {
    params = JSON.parse(json)
  } catch (error) {
    throw new UsageError(
      `PARAMS is no JSON (${(error as Error).message}); quote it for the shell: weir rpc session/get '{"sessionId":"..."}'`,
    )
  }
  if (typeof params === 'object' && params !== null && !Array.isArray(params)) return params
  throw new UsageError('PARAMS is one JSON object, for example {"limit":10}')
}
