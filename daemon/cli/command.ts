/** What a command is: a row of the table in commands.ts, and a module that is loaded when it runs. */
import type { Context } from './context.ts'
import type { Given } from './given.ts'

/** What the shell can offer for a word. */
export type Completion = 'session' | 'jar' | 'file' | 'command' | readonly string[]

export interface ArgumentSpec {
  /** As the help shows it, lower case. */
  name: string
  summary: string
  optional?: true
  /** Takes all words that are left; only the last one may. */
  variadic?: true
  completion?: Completion
}

export interface OptionSpec {
  /** Commander's: `-o, --out <file>`. */
  flags: string
  summary: string
  /** May be given again and again. */
  repeatable?: true
  completion?: Completion
  /** Turns the text into its value or throws a UsageError. */
  parse?: (text: string) => unknown
}

/** Resolves to the exit code. */
export type CommandRun = (given: Given, context: Context) => Promise<number>

export interface CommandSpec {
  /** One word, or two: `session stop`. */
  name: string
  summary: string
  /** Paragraphs below the options in its help. */
  details?: string
  arguments?: readonly ArgumentSpec[]
  options?: readonly OptionSpec[]
  /** Takes a command line of its own after `--`. */
  takesCommand?: true
  load(): Promise<CommandRun>
}
