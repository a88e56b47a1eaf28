/** Runs what was announced, one after another. */
import { spawn } from 'node:child_process'
import type { Environment } from '../../../sdk/home.ts'
import { CommandFailed } from '../exit.ts'
import { shellWord } from '../shell-word.ts'
import type { Command } from './trust-store.ts'

/** As it would be typed. */
export const typed = (command: Command): string => command.map(shellWord).join(' ')

/**
 * They may ask for a password at the terminal; what they say goes to standard error.
 * Stops at the first that fails: CommandFailed names it and what was left undone.
 */
export async function runCommands(commands: readonly Command[], env: Environment): Promise<void> {
  for (const [index, command] of commands.entries()) {
    const failure = await run(command, env)
    if (failure === null) continue
    const left = commands.slice(index + 1)
    const undone = left.length === 0 ? '' : `; not run any more:\n${left.map((each) => `  ${typed(each)}`).join('\n')}`
    throw new CommandFailed(`${typed(command)}: ${failure}${undone}`)
  }
}

/** Why it failed; null: it did not. */
function run([program = '', ...words]: Command, env: Environment): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { env: env as NodeJS.ProcessEnv, stdio: ['inherit', 2, 2] })
    child.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ENOENT' ? 'there is no such program' : error.message))
    child.once('close', (code, signal) => resolve(code === 0 ? null : `it ended with ${signal ?? `exit code ${code}`}`))
  })
}
