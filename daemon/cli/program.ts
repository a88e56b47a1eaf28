/** The command table as a commander program: the one home of commander. */
import { Argument, Command, CommanderError, Option } from 'commander'
import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.ts'
import { exits, UsageError } from './exit.ts'
import { Given } from './given.ts'
import { printableLines } from './printable.ts'

/** A command to run, or what the parser itself had to say (help, version, a mistake). */
export type Parsed =
  | { run: CommandSpec; given: Given }
  /** `code` 0: for standard output. */
  | { code: number; text: string }

interface Found {
  run: CommandSpec
  given: Given
}

const groups: { [name: string]: string } = {
  session: 'change a session: stop, pause, resume, rename, delete',
  token: 'what is paired with the daemon: list, revoke',
  plugin: 'list the exporters and filters, or begin one of your own',
}

/** @param argv the words after `weir`. Throws UsageError where an option's value is wrong. */
export function parse(argv: readonly string[], commands: readonly CommandSpec[], version: string): Parsed {
  const said: string[] = []
  const found: Found[] = []
  const program = build(commands, version, said, found, argv)
  try {
    program.parse([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { code: error.exitCode === 0 ? exits.done : exits.usage, text: said.join('') }
  }
  const [match] = found
  return match ?? { code: exits.usage, text: said.join('') }
}

function build(commands: readonly CommandSpec[], version: string, said: string[], found: Found[], argv: readonly string[]): Command {
  const program = new Command('weir')
    .description('Captures HTTP traffic without touching it, and lets you read it.')
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'what a command does')
    .helpCommand('help [command]', 'what a command does')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => said.push(printableLines(text)),
      writeErr: (text) => said.push(printableLines(text)),
      outputError: (text, write) => write(text.replace(/^error: /, 'weir: ')),
    })
    .showHelpAfterError('weir --help shows every command.')
  const parents = new Map<string, Command>()
  for (const spec of commands) {
    const [first = '', second] = spec.name.split(' ')
    const command = second ? group(program, parents, first).command(second) : program.command(first)
    // Its own options stay its own where it is the first word of others as well: `weir ca`.
    if (!second) parents.set(first, command.enablePositionalOptions())
    fill(command, spec, (given) => found.push({ run: spec, given }), argv)
  }
  return program
}

function group(program: Command, parents: Map<string, Command>, name: string): Command {
  const known = parents.get(name)
  if (known) return known
  const made = program
    .command(name)
    .description(groups[name] ?? name)
    .showHelpAfterError(`weir ${name} --help shows what there is.`)
  parents.set(name, made)
  return made
}

function fill(command: Command, spec: CommandSpec, chosen: (given: Given) => void, argv: readonly string[]): void {
  const specs = spec.arguments ?? []
  command.description(spec.summary).showHelpAfterError(`weir ${spec.name} --help shows how.`)
  if (spec.details) command.addHelpText('after', `\n${spec.details}`)
  if (spec.takesCommand) command.usage('[options] [-- CMD ...]').passThroughOptions()
  for (const argument of specs) command.addArgument(toArgument(argument))
  for (const option of spec.options ?? []) command.addOption(toOption(option))
  command.action(() => {
    if (spec.takesCommand) requireDashes(command.args, argv)
    chosen(new Given(specs, command.processedArgs, command.opts()))
  })
}

/** Without `--` the command's own options would be taken for weir's. */
function requireDashes(words: readonly string[], argv: readonly string[]): void {
  const dashes = argv.indexOf('--')
  const after = dashes === -1 ? 0 : argv.length - dashes - 1
  if (dashes !== -1 && words.length === 0) throw new UsageError('there is no command after --')
  if (words.length !== after) throw new UsageError(`put -- before the command: weir capture -- ${words.join(' ')}`)
}

function toArgument({ name, summary, optional, variadic }: ArgumentSpec): Argument {
  const inner = variadic ? `${name}...` : name
  return new Argument(optional ? `[${inner}]` : `<${inner}>`, summary)
}

function toOption({ flags, summary, repeatable, parse: read = (text) => text }: OptionSpec): Option {
  const option = new Option(flags, summary)
  if (repeatable) return option.argParser((text: string, before: unknown[] = []) => [...before, read(text)])
  return flags.includes('<') ? option.argParser(read) : option
}
