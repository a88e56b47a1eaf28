/** What does the hiding at a level of redaction, or by rules of one's own: one after the other. */

import { standardRules, strictRules } from './levels.ts'
import type { Pseudonym } from './pseudonyms.ts'
import { Redactor } from './redactor.ts'
import type { ExportRedact } from './settings.ts'

/** @param besides the names of what `strict` hides beyond credentials */
export function redactorsFor(
  redact: Exclude<ExportRedact, 'off'>,
  pseudonym: Pseudonym,
  besides = pseudonym,
): readonly [Redactor, ...Redactor[]] {
  const first = new Redactor(typeof redact === 'string' ? standardRules : redact, pseudonym)
  return redact === 'strict' ? [first, new Redactor(strictRules, besides)] : [first]
}
