/** Questions before what cannot be taken back. */
import { createInterface } from 'node:readline/promises'
import type { Context } from './context.ts'
import { UsageError } from './exit.ts'

/** Whether the user says yes. @param unasked the mistake it is when nobody can be asked */
export async function confirmed({ in: input, err }: Context, question: string, unasked: string): Promise<boolean> {
  if (!('isTTY' in input && input.isTTY)) throw new UsageError(unasked)
  const asking = createInterface({ input, terminal: false })
  try {
    await err.write(`${question} [y/N] `)
    return /^y(es)?$/i.test((await asking[Symbol.asyncIterator]().next()).value ?? '')
  } finally {
    asking.close()
  }
}
