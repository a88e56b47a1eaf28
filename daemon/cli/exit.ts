/** How a command ends: its exit code, and the sentence that says why. */
import { WeirError } from '../../sdk/errors.ts'
import { OutputClosed } from './output.ts'
import { printable } from './printable.ts'

export const exits = {
  done: 0,
  /** The daemon said no. */
  refused: 1,
  usage: 2,
  /** No daemon could be reached or started. */
  noDaemon: 3,
} as const

/** The words given make no sense; the message says what would. */
export class UsageError extends Error {}

/** Whatever kept the command from getting a daemon. */
export class NoDaemon extends Error {}

/** The command itself could not do it, and says why. */
export class CommandFailed extends Error {}

const lostReasons = new Set(['connectionLost', 'daemonUnreachable', 'daemonStopping'])

export interface Ending {
  code: number
  /** For standard error; empty when there is nothing to say. */
  message: string
}

/** An error as its exit code and printable lines. */
export function endingOf(error: unknown): Ending {
  if (error instanceof OutputClosed) return { code: exits.done, message: '' }
  if (error instanceof UsageError) return ending(exits.usage, error.message)
  if (error instanceof NoDaemon) return ending(exits.noDaemon, error.message)
  if (error instanceof CommandFailed) return ending(exits.refused, error.message)
  if (error instanceof WeirError) return ending(lostReasons.has(error.reason) ? exits.noDaemon : exits.refused, sentence(error))
  return ending(exits.refused, inside(error))
}

/** The system's errors speak for themselves; any other is a mistake of weir's own, and the stack says where. */
function inside(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'syscall' in error ? error.message : (error.stack ?? error.message)
}

const ending = (code: number, message: string): Ending => ({ code, message: message.split('\n').map(printable).join('\n') })

/** The daemon's message, and below it what is wrong with each param where the message does not say it itself. */
export function sentence(error: WeirError): string {
  const details = (error.data.errors ?? []).filter(({ message }) => !error.message.includes(message))
  return [error.message, ...details.map(({ path, message }) => `  ${path}: ${message}`)].join('\n')
}

/** For `catch`: whatever it was, it kept the command from getting a daemon. */
export function noDaemon(error: unknown): never {
  throw new NoDaemon(error instanceof WeirError ? sentence(error) : inside(error))
}
