/** `weir mcp`: the daemon for agents, on standard input and output. */
import type { Redact } from '../../../sdk/redaction/settings.ts'
import type { CommandRun } from '../command.ts'
import { exits } from '../exit.ts'

/** Of an answer, characters, when nobody says: some 10,000 tokens. */
const standardBudget = 40_000

export const mcp: CommandRun = async (given, context) => {
  const { serveMcp } = await import('../mcp/server.ts')
  await serveMcp(context, { redact: given.value<Redact>('redact') ?? 'standard', budget: given.number('budget') ?? standardBudget })
  return exits.done
}
