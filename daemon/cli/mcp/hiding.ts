/** What an agent may see of secrets: what it reads was written by strangers, who could ask it for more, so the user's word is the least that is hidden. */
import { type RedactionLevel, redactionLevels } from '../../../sdk/redaction/levels.ts'
import type { Redact } from '../../../sdk/redaction/settings.ts'
import { UsageError } from '../exit.ts'

const isLevel = (word: string): word is RedactionLevel => (redactionLevels as readonly string[]).includes(word)

/** @param least as the server was started: a level, or rules of the user's own, which nobody changes */
export function hiding(least: Redact, asked: string | undefined): Redact {
  if (asked === undefined) return least
  if (!isLevel(asked)) throw new UsageError(`redact is one of ${redactionLevels.join(', ')}, not ${JSON.stringify(asked)}`)
  if (typeof least !== 'string') throw new UsageError('this server hides what the rules of its user say: leave redact out')
  if (redactionLevels.indexOf(asked) < redactionLevels.indexOf(least))
    throw new UsageError(
      `this server hides at least what ${least} hides: leave redact out; only its user can show more, by weir mcp --redact ${asked}`,
    )
  return asked
}
