/** THE table of commands: the parser, the help and the shell completion derive from it. */
import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.ts'
import { UsageError } from './exit.ts'
import { shells } from './shells.ts'

const session: ArgumentSpec = { name: 'session', summary: 'an id, a name (the newest of that name) or last', completion: 'session' }
const seq: ArgumentSpec = { name: 'seq', summary: 'the number of an exchange, as weir ls shows it' }
const json: OptionSpec = { flags: '--json', summary: 'print JSON' }
const jsonLines: OptionSpec = { flags: '--json', summary: 'print JSON, one object a line' }
const where: OptionSpec = { flags: '--where <query>', summary: 'only what matches' }
const parts = ['request', 'response'] as const

/** A decimal integer in a range. */
const integer = (what: string, minimum: number, maximum: number) => (text: string) => {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value
  throw new UsageError(`${what} is a whole number from ${minimum} to ${maximum}, not ${JSON.stringify(text)}`)
}

export const parseSeq = integer('SEQ', 1, Number.MAX_SAFE_INTEGER) as (text: string) => number

const oneOf = (what: string, words: readonly string[]) => (text: string) => {
  if (words.includes(text)) return text
  throw new UsageError(`${what} is one of ${words.join(', ')}, not ${JSON.stringify(text)}`)
}

export const parsePart = oneOf('PART', parts) as (text: string) => (typeof parts)[number]

const setting = (text: string) => {
  const split = text.indexOf('=')
  if (split > 0) return text
  throw new UsageError(`--set takes KEY=VALUE, not ${JSON.stringify(text)}`)
}

const sorts = ['time', 'size', 'dur'] as const

export const commands: readonly CommandSpec[] = [
  {
    name: 'capture',
    summary: 'capture traffic: through a proxy port, or of one command',
    details: `Without a command it listens on 127.0.0.1:9347 (the next free port when that is taken) and shows what passes; Ctrl-C ends the session.

With one (weir capture -- CMD ...) the command runs behind the proxy with the proxy and certificate variables set, on a free port unless
--port names one. Its exit code is passed through: 128 + n when signal n ended it, 127 when it was not found. weir itself then prints to
standard error only.`,
    arguments: [
      { name: 'command', summary: 'a command to run behind the proxy, after --', optional: true, variadic: true, completion: 'command' },
    ],
    options: [
      { flags: '--name <name>', summary: 'what to call the session' },
      { flags: '--port <port>', summary: 'the port to listen on; 0 picks a free one', parse: integer('--port', 0, 65535) },
      { flags: '--where <query>', summary: 'store only what matches' },
      { flags: '--insecure <host>', summary: 'do not verify the certificate of this host (* is any run of characters)', repeatable: true },
      { flags: '--bypass <host>', summary: 'never decrypt this host', repeatable: true },
    ],
    takesCommand: true,
    load: async () => (await import('./commands/capture.ts')).capture,
  },
  {
    name: 'start',
    summary: 'start the daemon in the background; every other command does that, too',
    options: [{ flags: '--foreground', summary: 'stay with it until it ends' }, json],
    load: async () => (await import('./commands/start.ts')).start,
  },
  {
    name: 'stop',
    summary: 'stop the daemon, ending every session',
    details: 'Without a daemon there is nothing to do, and that is no error.',
    load: async () => (await import('./commands/stop.ts')).stop,
  },
  {
    name: 'status',
    summary: 'how the daemon is; exit code 3 when none runs',
    options: [json],
    load: async () => (await import('./commands/status.ts')).status,
  },
  {
    name: 'sessions',
    summary: 'list the sessions, oldest first',
    options: [jsonLines],
    load: async () => (await import('./commands/sessions.ts')).sessions,
  },
  {
    name: 'session stop',
    summary: 'end a session; what is in flight has two seconds',
    arguments: [session],
    options: [json],
    load: async () => (await import('./commands/session-change.ts')).stopSession,
  },
  {
    name: 'session pause',
    summary: 'let traffic flow without storing it',
    arguments: [session],
    options: [json],
    load: async () => (await import('./commands/session-change.ts')).pauseSession,
  },
  {
    name: 'session resume',
    summary: 'go on after a pause, or open a stopped session again',
    arguments: [session],
    options: [json],
    load: async () => (await import('./commands/session-change.ts')).resumeSession,
  },
  {
    name: 'session rename',
    summary: 'give a session another name',
    arguments: [session, { name: 'name', summary: 'the new name' }],
    options: [json],
    load: async () => (await import('./commands/session-change.ts')).renameSession,
  },
  {
    name: 'session delete',
    summary: 'delete a session that is not running, with all it recorded',
    arguments: [session],
    load: async () => (await import('./commands/session-change.ts')).deleteSession,
  },
  {
    name: 'ls',
    summary: 'list the exchanges of a session',
    details: 'A first word that is no session begins a query on last. Put -- before a query that begins with a dash.',
    arguments: [
      { ...session, optional: true },
      { name: 'query', summary: 'only what matches', optional: true, variadic: true },
    ],
    options: [
      { flags: '--sort <key>', summary: 'by time, size or dur(ation) instead of seq', completion: sorts, parse: oneOf('--sort', sorts) },
      { flags: '-n, --limit <count>', summary: 'only the newest so many', parse: integer('--limit', 1, Number.MAX_SAFE_INTEGER) },
      jsonLines,
    ],
    load: async () => (await import('./commands/ls.ts')).ls,
  },
  {
    name: 'show',
    summary: 'one exchange: heads, bodies that are text, timings, TLS',
    arguments: [session, seq],
    options: [json],
    load: async () => (await import('./commands/show.ts')).show,
  },
  {
    name: 'body',
    summary: 'the bytes of one body, as they were on the wire',
    arguments: [session, seq, { name: 'part', summary: 'request or response', completion: parts }],
    options: [{ flags: '--decode', summary: 'undo Content-Encoding' }, json],
    load: async () => (await import('./commands/body.ts')).body,
  },
  {
    name: 'export',
    summary: 'write a session in another format, to standard output or a file',
    arguments: [session, { name: 'exporter', summary: 'the format; har is one', completion: ['har'] }],
    options: [
      where,
      { flags: '-o, --out <file>', summary: 'the file to write; one that is there is replaced', completion: 'file' },
      { flags: '--set <key=value>', summary: 'an option of the exporter', repeatable: true, parse: setting },
    ],
    load: async () => (await import('./commands/export.ts')).exportSession,
  },
  {
    name: 'ca',
    summary: 'where the CA certificate is, and how one command trusts it',
    details: 'Standard output has the path alone, so that --cacert "$(weir ca)" works.',
    options: [{ flags: '--pem', summary: 'print the certificate itself' }, json],
    load: async () => (await import('./commands/ca.ts')).ca,
  },
  {
    name: 'rpc',
    summary: 'one raw call; prints the result as JSON',
    details: 'An error goes to standard error as JSON, with exit code 1. weir rpc rpc.discover describes every method.',
    arguments: [
      { name: 'method', summary: 'for example session/list' },
      { name: 'params', summary: 'a JSON object; - reads it from standard input', optional: true },
    ],
    load: async () => (await import('./commands/rpc.ts')).rpc,
  },
  {
    name: 'stdio',
    summary: 'the RPC on standard input and output, for editors',
    load: async () => (await import('./commands/stdio.ts')).stdio,
  },
  {
    name: 'completion',
    summary: 'print a completion script; for bash: eval "$(weir completion bash)"',
    arguments: [
      { name: 'shell', summary: shells.join(', '), completion: shells },
      { name: 'words', summary: 'what the scripts ask: completion words -- WORDS...', optional: true, variadic: true },
    ],
    load: async () => (await import('./commands/completion.ts')).completion,
  },
]
