/** The redaction of one export, and the check that reads again what was written. */
import { join } from 'node:path'
import type { ExporterManifest } from '../../sdk/plugin.ts'
import { pseudonymKey, pseudonyms } from '../../sdk/redaction/pseudonyms.ts'
import { SecretFinder } from '../../sdk/redaction/secret-finder.ts'
import type { ExportRedact } from '../../sdk/redaction/settings.ts'
import { Redaction, type Scope } from './redacted-exchanges.ts'
import { SecretCheck } from './secret-check.ts'
import { UnpackBudget } from './unpack-budget.ts'

export interface ExportRedaction {
  redaction: Redaction
  check: SecretCheck
  /** Of something that is written by itself. */
  newCheck(): SecretCheck
}

/** Few need it, and it takes its time to load. @throws -32602 invalidQuery */
async function scopeOf(where: string): Promise<Scope> {
  const { queryPredicate } = await import('../../sdk/query.ts')
  return queryPredicate(where)
}

/** null: nothing is hidden. @param job `redact`: null is as the exporter itself says @throws -32602 invalidQuery */
export async function openRedaction(
  job: { redact: ExportRedact | null; dataRoot: string },
  { redaction = 'standard' }: ExporterManifest,
): Promise<ExportRedaction | null> {
  const wanted = job.redact ?? redaction
  if (wanted === 'off') return null
  const finder = new SecretFinder()
  // The redact filter's own: the same secret has the same name in records and exports.
  const key = pseudonymKey(join(job.dataRoot, 'redact', 'key'))
  const scope = typeof wanted === 'object' && wanted.where !== undefined ? await scopeOf(wanted.where) : undefined
  const budget = new UnpackBudget()
  return {
    redaction: new Redaction(wanted, pseudonyms(key), finder, scope, budget),
    check: new SecretCheck(finder, budget),
    newCheck: () => new SecretCheck(finder, budget),
  }
}
