/** What `--json` prints. */
import type { Context } from './context.ts'
import { printableJson } from './printable.ts'

export const writeJson = (context: Context, value: unknown): Promise<void> => context.out.line(printableJson(value))

/** One object a line. */
export const writeJsonLines = (context: Context, values: readonly unknown[]): Promise<void> =>
  context.out.write(values.map((value) => `${printableJson(value)}\n`).join(''))
