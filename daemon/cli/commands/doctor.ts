/** `weir doctor`: everything that is known to go wrong, looked at, with what to do about it. */
import type { Client } from '../../../sdk/client.ts'
import type { CommandRun } from '../command.ts'
import type { Context } from '../context.ts'
import { checks } from '../doctor/checks.ts'
import { type Finding, type FindingState, problem } from '../doctor/finding.ts'
import { exits, NoDaemon } from '../exit.ts'
import { writeJsonLines } from '../json-output.ts'
import type { Style } from '../output.ts'
import { printable } from '../printable.ts'

const styles: { [state in FindingState]: Style } = { good: 'green', note: 'dim', warning: 'yellow', problem: 'red' }

export const doctor: CommandRun = async (given, context) => {
  const findings: Finding[] = []
  const client = await context.connect().catch((error: unknown) => {
    if (!(error instanceof NoDaemon)) throw error
    findings.push(problem('daemon', error.message, 'correct that, then weir start'))
    return null
  })
  try {
    for (const check of checks) findings.push(...(await checked(check, context, client)))
  } finally {
    await client?.close()
  }
  if (given.flag('json')) await writeJsonLines(context, findings)
  else for (const finding of findings) await tell(context, finding)
  return findings.some(({ state }) => state === 'problem') ? exits.refused : exits.done
}

/** A check that fails tells of itself, and the others go on. */
async function checked(check: (typeof checks)[number], context: Context, client: Client | null): Promise<Finding[]> {
  try {
    return await check(context, client)
  } catch (error) {
    return [problem('doctor', `it could not look: ${(error as Error).message}`, 'say so to those who make weir')]
  }
}

async function tell({ out }: Context, { about, state, found, advice }: Finding): Promise<void> {
  await out.line(`${out.style(styles[state], state.padEnd(8))} ${about.padEnd(12)} ${printable(found)}`)
  if (advice !== undefined) await out.line(`${' '.repeat(22)}-> ${printable(advice)}`)
}
