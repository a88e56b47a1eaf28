import { commandPath } from '../../../sdk/command-environment.ts'
import { captureCommand } from '../capture-command.ts'
import { captureLive } from '../capture-live.ts'
import { startCapture } from '../capture-session.ts'
import type { CommandRun } from '../command.ts'
import { withClient } from '../context.ts'
import { UsageError } from '../exit.ts'
import { findExecutable } from '../find-executable.ts'
import { printable } from '../printable.ts'

export const capture: CommandRun = async (given, context) => {
  const command = given.rest('command')
  const [program] = command
  const port = given.number('port')
  if (program !== undefined && given.text('reverse') !== undefined) {
    throw new UsageError('--reverse takes no command: start it by itself, and point the program at the address that it prints')
  }
  if (program === undefined) {
    return withClient(context, async (client) => captureLive(context, client, () => startCapture(client, context, given, port)))
  }
  // Before anything is started: no session is left behind by a mistyped name.
  const found = findExecutable(program, commandPath(context.env))
  if (found !== 'found') {
    await context.err.line(`weir: ${printable(program)}: ${found === 'notFound' ? 'command not found' : 'is no program that can be run'}`)
    return found === 'notFound' ? 127 : 126
  }
  return withClient(context, async (client) =>
    captureCommand(context, client, await startCapture(client, context, given, port ?? 0), command),
  )
}
