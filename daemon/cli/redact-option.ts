/** What `--redact` means: a level, or `@FILE`, which holds rules of one's own as JSON. */
import { type RedactionLevel, redactionLevels } from '../../sdk/redaction/levels.ts'
import type { ExportRedact, Redact } from '../../sdk/redaction/settings.ts'
import type { OptionSpec } from './command.ts'
import { UsageError } from './exit.ts'
import type { Given } from './given.ts'
import { jsonFile } from './plugin-options.ts'

export const redactOption = (summary: string): OptionSpec => ({
  flags: '--redact <level>',
  summary: `${summary}: ${redactionLevels.join(', ')}, or @FILE, which holds rules of your own as JSON`,
  completion: [...redactionLevels],
  parse: parseRedact,
})

/** Whether the rules in the file are rules is the daemon's to say. */
export function parseRedact(text: string): ExportRedact {
  if ((redactionLevels as readonly string[]).includes(text)) return text as RedactionLevel
  if (!text.startsWith('@'))
    throw new UsageError(`--redact is one of ${redactionLevels.join(', ')}, or @FILE with rules of your own, not ${JSON.stringify(text)}`)
  const rules = jsonFile('--redact', text.slice(1))
  if (typeof rules !== 'object' || rules === null || Array.isArray(rules))
    throw new UsageError(`--redact: ${JSON.stringify(text.slice(1))} holds no object, as {"headers": ["X-Tenant"]} is one`)
  return rules as ExportRedact
}

/** As a param of what is read. */
export function redactParam(given: Given): { redact?: Redact } {
  const redact = given.value<Redact>('redact')
  return redact === undefined ? {} : { redact }
}
