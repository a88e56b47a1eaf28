/** THE table of commands: the parser, the help and the shell completion derive from it. */
import { cookieFormatNames } from '../../sdk/cookie/format-names.ts'
import { overviewKeys } from '../../sdk/overview-keys.ts'
import { pluginKinds } from '../../sdk/plugin/manifest.ts'
import { extensionRights, rightMeanings, rightNames } from '../../sdk/rights.ts'
import { parsePair, parseSize, parseStopAfter } from './capture-flags.ts'
import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.ts'
import { UsageError } from './exit.ts'
import { builtInExporters } from './exporter-names.ts'
import { builtInFilters } from './filter-names.ts'
import { parseHeader } from './header-flag.ts'
import { parseMoment } from './moment.ts'
import { parsePlugin, pluginForm } from './plugin-flags.ts'
import { redactOption } from './redact-option.ts'
import { shells } from './shells.ts'
import { builtInTargets, syncDirections } from './sync-names.ts'
import { trustStores } from './trust/store-names.ts'

const session: ArgumentSpec = { name: 'session', summary: 'an id, a name (the newest of that name) or last', completion: 'session' }
const jar: ArgumentSpec = { name: 'jar', summary: 'the name of a jar', completion: 'jar' }
const seq: ArgumentSpec = { name: 'seq', summary: 'the number of an exchange, as weir ls shows it' }
const json: OptionSpec = { flags: '--json', summary: 'print JSON' }
const jsonLines: OptionSpec = { flags: '--json', summary: 'print JSON, one object a line' }
const where: OptionSpec = { flags: '--where <query>', summary: 'only what matches' }
const redact = redactOption('hide secrets where they are known to stand')
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

const writtenFormats = cookieFormatNames.filter((name) => name !== 'har')
export const parseCookieFormat = oneOf('FORMAT', writtenFormats) as (text: string) => (typeof writtenFormats)[number]
export const parsePluginKind = oneOf('KIND', pluginKinds) as (text: string) => (typeof pluginKinds)[number]
export const parsePart = oneOf('PART', parts) as (text: string) => (typeof parts)[number]

const setting = (text: string) => {
  const split = text.indexOf('=')
  if (split > 0) return text
  throw new UsageError(`--set takes KEY=VALUE, not ${JSON.stringify(text)}`)
}

const storeOption = (names: readonly string[]): OptionSpec => ({
  flags: '--store <name>',
  summary: `only this kind of store: ${names.join(', ')}`,
  repeatable: true,
  completion: names,
  parse: oneOf('--store', names),
})
const insecure: OptionSpec = {
  flags: '--insecure <host>',
  summary: 'do not verify the certificate of this host (* is any run of characters)',
  repeatable: true,
}
const inDomain: OptionSpec = { flags: '--domain <domain>', summary: 'only cookies of this domain and its subdomains' }
const httpVersions = ['1.1', '2']
/** Of both commands that send. */
const sending = {
  header: {
    flags: '-H, --header <field>',
    summary: "a header, as 'Name: value'; they are sent in this order and case",
    repeatable: true,
    parse: parseHeader,
  },
  data: { flags: '-d, --data <data>', summary: 'the body: a text, @FILE, or @- for standard input', completion: 'file' },
  jar: { flags: '--jar <jar>', summary: 'a cookie jar: its cookies go with it, and those of the responses go into it' },
  follow: { flags: '--follow', summary: 'follow redirects, 20 at most' },
  http: {
    flags: '--http <version>',
    summary: 'the version of HTTP: 1.1 or 2; without it what the origin chooses of these',
    completion: httpVersions,
    parse: oneOf('--http', httpVersions),
  },
  timeout: {
    flags: '--timeout <ms>',
    summary: 'for all of it, milliseconds; 5 minutes when absent',
    parse: integer('--timeout', 1, 86_400_000),
  },
  decode: { flags: '--decode', summary: 'undo Content-Encoding of what goes to a file or a program' },
} satisfies { [name: string]: OptionSpec }
const dryRun: OptionSpec = { flags: '--dry-run', summary: 'say what would be run, and run nothing' }
const yes: OptionSpec = { flags: '--yes', summary: 'do not ask' }

const sorts = ['time', 'size', 'dur'] as const

export const commands: readonly CommandSpec[] = [
  {
    name: 'capture',
    summary: 'capture traffic: through a proxy port, or of one command',
    details: `Without a command it listens on 127.0.0.1:9347 (the next free port when that is taken) and shows what passes; Ctrl-C ends the session.

With one (weir capture -- CMD ...) the command runs behind the proxy with the proxy and certificate variables set, on a free port unless
--port names one. Its exit code is passed through: 128 + n when signal n ended it, 127 when it was not found. weir itself then prints to
standard error only.

Filters take their turn as they are given: --filter url-excludes:text=/health --filter method:only=GET,POST. In the place of NAME the path of a
module may stand, in the place of KEY=VALUE,... the whole config as JSON. weir plugin list names those that are there.`,
    arguments: [
      { name: 'command', summary: 'a command to run behind the proxy, after --', optional: true, variadic: true, completion: 'command' },
    ],
    options: [
      { flags: '--name <name>', summary: 'what to call the session' },
      { flags: '--port <port>', summary: 'the port to listen on; 0 picks a free one', parse: integer('--port', 0, 65535) },
      { flags: '--where <query>', summary: 'store only what matches' },
      {
        flags: '--filter <filter>',
        summary: `let a filter decide what is stored, and how: ${pluginForm}`,
        repeatable: true,
        completion: builtInFilters,
        parse: parsePlugin('--filter'),
      },
      insecure,
      { flags: '--bypass <host>', summary: 'never decrypt this host', repeatable: true },
      { flags: '--auto-bypass', summary: 'decrypt no host any more whose client rejects the certificate' },
      { flags: '--key-log', summary: 'write the TLS secrets of both sides beside the session file, for Wireshark' },
      {
        flags: '--upstream <match=url>',
        summary: 'reach these hosts through this proxy (http:, https:, socks5:, ...), or direct',
        repeatable: true,
        parse: parsePair('--upstream', 'MATCH=URL or MATCH=direct'),
      },
      {
        flags: '--resolve <host=address>',
        summary: 'connect there instead of looking the host up; both may name a port',
        repeatable: true,
        parse: parsePair('--resolve', 'HOST[:PORT]=ADDRESS[:PORT]'),
      },
      {
        flags: '--client-cert <match=file>',
        summary: 'show this certificate to hosts that ask: PEM with its key, or PKCS#12',
        repeatable: true,
        parse: parsePair('--client-cert', 'MATCH=FILE'),
      },
      { flags: '--max-body <size>', summary: 'keep at most so much of each body: 64kb, 1mb', parse: parseSize },
      {
        flags: '--stop-after <amount>',
        summary: 'end the session after so many exchanges (10), so long (30s) or so much (100mb); whichever comes first',
        repeatable: true,
        parse: parseStopAfter,
      },
      { flags: '--reverse <url>', summary: 'stand for this origin, for programs that can use no proxy; takes no command' },
    ],
    takesCommand: true,
    load: async () => (await import('./commands/capture.ts')).capture,
  },
  {
    name: 'browser',
    summary: 'open a browser whose requests are captured, those too that no proxy sees',
    details: `It is a Chromium, Chrome, Edge or Brave with a profile of its own: nothing of yours is touched. What it asks goes through the session's proxy, and what only the
browser knows (who asked, answers from its caches and service workers) is on record beside it: docs/browser.md. The session is a new one that ends with
the browser, unless --session names one that runs. --endpoint attaches to a browser that was started with --remote-debugging-port.`,
    arguments: [{ name: 'url', summary: 'the page to open', optional: true }],
    options: [
      { flags: '--session <session>', summary: 'a session that runs; it goes on afterwards', completion: 'session' },
      { flags: '--name <name>', summary: 'what to call the session' },
      { flags: '--where <query>', summary: 'store only what matches' },
      { flags: '--port <port>', summary: 'the port of its proxy; any free one when absent', parse: integer('--port', 0, 65535) },
      insecure,
      { flags: '--headless', summary: 'without a window' },
      { flags: '--profile <name>', summary: 'a profile that is kept for the next time; a fresh one when absent' },
      { flags: '--executable <path>', summary: 'the browser to start; the first that is found when absent', completion: 'file' },
      { flags: '--endpoint <url>', summary: 'attach to the browser there: http://127.0.0.1:9222' },
      { flags: '--json', summary: 'print the source, and in the end the session, as JSON' },
    ],
    load: async () => (await import('./commands/browser.ts')).browser,
  },
  {
    name: 'browser list',
    summary: 'list the browsers that tell sessions of their requests',
    options: [jsonLines],
    load: async () => (await import('./commands/browser.ts')).listSources,
  },
  {
    name: 'browser stop',
    summary: 'end one of them; its session goes on',
    arguments: [{ name: 'source', summary: 'its id, as weir browser list shows it' }],
    load: async () => (await import('./commands/browser.ts')).stopSource,
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
    name: 'doctor',
    summary: 'look at everything that is known to go wrong, and say what to do about it; exit code 1 when something does not work',
    details: 'It starts the daemon where none runs, as other commands do, and changes nothing else.',
    options: [jsonLines],
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'uninstall',
    summary: 'stop the daemon, and remove all that weir keeps on this machine: sessions, certificate, settings, caches, trust',
    details: 'It says what it would do and asks first. The package itself stays; npm takes that away.',
    options: [dryRun, yes],
    load: async () => (await import('./commands/uninstall.ts')).uninstall,
  },
  {
    name: 'open',
    summary: 'watch a session in the browser, live: table, queries, bodies, messages, overview',
    details: `It opens the daemon's port for WebSockets (127.0.0.1:9340, or a free one) and prints a URL on it, with a code that gives one browser tab access, once, within
five minutes: to read everything on record, and to start, stop and change sessions. weir token list shows the tabs, weir token revoke takes access back.`,
    arguments: [{ ...session, optional: true }],
    options: [{ flags: '--no-browser', summary: 'only print the URL' }, json],
    load: async () => (await import('./commands/open.ts')).open,
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
      redact,
      jsonLines,
    ],
    load: async () => (await import('./commands/ls.ts')).ls,
  },
  {
    name: 'overview',
    summary: 'the exchanges of a session in groups: how many, bytes, how long they took',
    details: `The largest group comes first. P50, P90 and P99 are what that share of the exchanges did not exceed. In paths, what looks like data is {id}, {date} or
{name}. A first word that is no session begins a query on last. Put -- before a query that begins with a dash.`,
    arguments: [
      { ...session, optional: true },
      { name: 'query', summary: 'only what matches', optional: true, variadic: true },
    ],
    options: [
      {
        flags: '--by <key>',
        summary: `what makes a group: ${overviewKeys.join(', ')}; host when absent`,
        completion: overviewKeys,
        parse: oneOf('--by', overviewKeys),
      },
      { flags: '-n, --limit <count>', summary: 'only the largest so many; 100 when absent', parse: integer('--limit', 1, 1000) },
      redact,
      jsonLines,
    ],
    load: async () => (await import('./commands/overview.ts')).overview,
  },
  {
    name: 'tail',
    summary: 'print exchanges as they end, until Ctrl-C; across restarts of the daemon',
    details: `With --json a line comes each time an exchange changes: open, then ended. A first word that is no session begins a query on last.`,
    arguments: [
      { ...session, optional: true },
      { name: 'query', summary: 'only what matches', optional: true, variadic: true },
    ],
    options: [{ flags: '--all', summary: 'begin with all that is on record, not from now on' }, redact, jsonLines],
    load: async () => (await import('./commands/tail.ts')).tail,
  },
  {
    name: 'search',
    summary: 'find a text in URLs, headers, bodies and messages, newest exchange first',
    details: 'Bodies are searched without their Content-Encoding. ASCII letters match in either case unless --case-sensitive is given.',
    arguments: [session, { name: 'text', summary: 'what to look for' }],
    options: [
      { flags: '--case-sensitive', summary: 'letters match in the case given only' },
      {
        flags: '-n, --limit <count>',
        summary: 'only in the newest so many that have it',
        parse: integer('--limit', 1, Number.MAX_SAFE_INTEGER),
      },
      redact,
      jsonLines,
    ],
    load: async () => (await import('./commands/search.ts')).search,
  },
  {
    name: 'show',
    summary: 'one exchange: heads, bodies that are text, timings, TLS',
    arguments: [session, seq],
    options: [redact, json],
    load: async () => (await import('./commands/show.ts')).show,
  },
  {
    name: 'body',
    summary: 'the bytes of one body, as they were on the wire',
    arguments: [session, seq, { name: 'part', summary: 'request or response', completion: parts }],
    options: [
      { flags: '--decode', summary: 'undo Content-Encoding' },
      { flags: '--text', summary: 'as UTF-8 text, from whatever charset it has; undoes Content-Encoding, too' },
      redact,
      json,
    ],
    load: async () => (await import('./commands/body.ts')).body,
  },
  {
    name: 'messages',
    summary: 'the messages inside of one exchange: WebSocket, server-sent events, gRPC',
    arguments: [session, seq],
    options: [redact, jsonLines],
    load: async () => (await import('./commands/messages.ts')).messages,
  },
  {
    name: 'tag',
    summary: 'put tags on an exchange, in place of those it has; without tags it has none',
    arguments: [session, seq, { name: 'tags', summary: 'texts', optional: true, variadic: true }],
    options: [json],
    load: async () => (await import('./commands/annotate.ts')).tag,
  },
  {
    name: 'note',
    summary: 'leave a note on an exchange, in place of the one it has; without a text it has none',
    arguments: [session, seq, { name: 'text', summary: 'the note', optional: true, variadic: true }],
    options: [json],
    load: async () => (await import('./commands/annotate.ts')).note,
  },
  {
    name: 'rm',
    summary: 'delete one exchange, or all that match a query',
    details: 'A query is asked about first, unless --yes is given. Put -- before a query that begins with a dash.',
    arguments: [session, { name: 'what', summary: 'the number of an exchange, or a query', variadic: true }],
    options: [yes, json],
    load: async () => (await import('./commands/rm.ts')).rm,
  },
  {
    name: 'send',
    summary: 'send a request, on record like what is captured',
    details: `The method is GET, or POST with a body, unless it is given. On a terminal the exchange is shown, a program gets the body of the response. It is recorded in
the session that --session names, which also says which ways, CAs and client certificates are used; otherwise in one of its own, called sent.`,
    arguments: [{ name: 'request', summary: '[METHOD] URL', variadic: true }],
    options: [
      sending.header,
      sending.data,
      { flags: '--session <session>', summary: 'a session that runs', completion: 'session' },
      sending.jar,
      sending.follow,
      sending.http,
      sending.timeout,
      sending.decode,
      json,
    ],
    load: async () => (await import('./commands/send.ts')).send,
  },
  {
    name: 'replay',
    summary: 'send the request of an exchange again, as it was or changed',
    details: `A header that is given takes the place of those of its name. With --times or --diff a line stands for each exchange, and --diff says below it how the response
differs from the recorded one: JSON bodies by structure, other texts by lines. In a session that has ended nothing is added: then it is recorded in sent.`,
    arguments: [session, seq],
    options: [
      { flags: '-X, --method <method>', summary: 'another method' },
      { flags: '--url <url>', summary: 'another URL; Host goes with it' },
      sending.header,
      { flags: '--without <name>', summary: 'leave this header out', repeatable: true },
      sending.data,
      sending.jar,
      sending.follow,
      sending.http,
      sending.timeout,
      { flags: '--times <count>', summary: 'so often, one after the other', parse: integer('--times', 1, 1_000_000) },
      { flags: '--diff', summary: 'compare each response with the recorded one' },
      sending.decode,
      json,
    ],
    load: async () => (await import('./commands/replay.ts')).replay,
  },
  {
    name: 'export',
    summary: 'write a session in another format, to standard output or a file',
    details: `With --follow (jsonl, otlp, and exporters of your own that can) the output grows with the session: a file, a named pipe, standard output, or an HTTP
endpoint (--to). Said again with the same file, it goes on where that is; else --since takes the clock that it printed when it ended.`,
    arguments: [session, { name: 'exporter', summary: 'the format; har is one', completion: builtInExporters }],
    options: [
      where,
      { flags: '-o, --out <file>', summary: 'the file to write; one that is there is replaced', completion: 'file' },
      redactOption('what is hidden; without it, as the exporter says, mostly standard'),
      { flags: '--set <key=value>', summary: 'an option of the exporter', repeatable: true, parse: setting },
      { flags: '--follow', summary: 'go on with each exchange that ends, until the session stops or Ctrl-C' },
      { flags: '--to <url>', summary: 'with --follow: POST each batch to this HTTP endpoint' },
      { flags: '--header <field>', summary: "with --to: a header field, 'Name: value'", repeatable: true },
      { flags: '--since <clock>', summary: 'with --follow: go on after this clock, or from the start (start)' },
    ],
    load: async () => (await import('./commands/export.ts')).exportSession,
  },
  {
    name: 'import',
    summary: 'make a session of a file that weir or another tool wrote: HAR, JSON Lines, session files, Postman, mitmproxy, cURL',
    details:
      'What the file is its content says, not its name. When something in it cannot be read, nothing is imported, unless --keep-good is given.',
    arguments: [{ name: 'file', summary: 'the file', completion: 'file' }],
    options: [
      { flags: '--name <name>', summary: 'what to call the session; as the file when absent' },
      { flags: '--keep-good', summary: 'import what can be read, and name the rest' },
      json,
    ],
    load: async () => (await import('./commands/import.ts')).importFile,
  },
  {
    name: 'jar list',
    summary: 'list the cookie jars',
    options: [jsonLines],
    load: async () => (await import('./commands/jar.ts')).listJars,
  },
  {
    name: 'jar show',
    summary: 'the cookies of a jar',
    arguments: [jar],
    options: [inDomain, { flags: '--url <url>', summary: 'only those that go with a request of this URL, in their order' }, jsonLines],
    load: async () => (await import('./commands/jar.ts')).showJar,
  },
  {
    name: 'jar set',
    summary: 'put cookies into a jar, as a response from a URL would; naming a jar makes it',
    details: 'Exit code 1 when the rules refuse one of them (docs/cookies.md).',
    arguments: [
      jar,
      { name: 'url', summary: 'where they come from' },
      { name: 'cookies', summary: "as in Set-Cookie: 'sid=1; Secure; Path=/'", variadic: true },
    ],
    options: [jsonLines],
    load: async () => (await import('./commands/jar.ts')).setInJar,
  },
  {
    name: 'jar rm',
    summary: 'delete cookies of a jar by their name; without a name, domain or path the jar itself',
    arguments: [jar, { name: 'name', summary: 'of the cookies', optional: true }],
    options: [
      { flags: '--domain <domain>', summary: 'only those of exactly this domain' },
      { flags: '--path <path>', summary: 'only those of exactly this path' },
      yes,
      json,
    ],
    load: async () => (await import('./commands/jar.ts')).removeFromJar,
  },
  {
    name: 'jar clear',
    summary: 'delete all cookies of a jar, or those of a domain',
    arguments: [jar],
    options: [inDomain, yes, json],
    load: async () => (await import('./commands/jar.ts')).clearJar,
  },
  {
    name: 'jar import',
    summary: 'put the cookies of a file into a jar; naming a jar makes it',
    details:
      'What the file is its content says, unless --format does. When something in it cannot be read, nothing is imported, unless --keep-good is given.',
    arguments: [jar, { name: 'file', summary: 'the file', completion: 'file' }],
    options: [
      {
        flags: '--format <format>',
        summary: cookieFormatNames.join(', '),
        completion: cookieFormatNames,
        parse: oneOf('--format', cookieFormatNames),
      },
      { flags: '--url <url>', summary: 'where Set-Cookie lines come from that do not say it' },
      { flags: '--keep-good', summary: 'import what can be read, and name the rest' },
      json,
    ],
    load: async () => (await import('./commands/jar.ts')).importIntoJar,
  },
  {
    name: 'jar export',
    summary: 'write the cookies of a jar, to standard output or a file',
    arguments: [jar, { name: 'format', summary: writtenFormats.join(', '), completion: writtenFormats }],
    options: [inDomain, { flags: '-o, --out <file>', summary: 'the file to write; one that is there is replaced', completion: 'file' }],
    load: async () => (await import('./commands/jar.ts')).exportFromJar,
  },
  {
    name: 'cookies',
    summary: 'what the cookies of a session were set to, by which exchange, and why some were not taken',
    details: `One line for each Set-Cookie field, and for each cookie that was sent and that nothing before explains. --held shows only what the client
must hold at the end, --at at that moment. --jar puts what is held then into a jar of weir, for weir send and for sync.`,
    arguments: [{ ...session, optional: true }],
    options: [
      { flags: '--domain <domain>', summary: 'only example.com and its subdomains, or https://example.com: that host only' },
      { flags: '--held', summary: 'only what is held at the end' },
      { flags: '--at <time>', summary: 'only what was held at that time: ISO 8601, or Unix milliseconds', parse: parseMoment },
      { flags: '--jar <name>', summary: 'put what is held into this jar' },
      jsonLines,
    ],
    load: async () => (await import('./commands/cookies.ts')).cookies,
  },
  {
    name: 'sync set',
    summary: 'keep the cookies of a domain in step with jars, files and browsers',
    details: `DOMAIN is example.com (with its subdomains) or https://example.com (that host only). What is captured goes to the targets, with or without a
session that runs; what changes in a jar does, too; --direction both also takes back what changes in files and browsers. It replaces the
rule that the domain has. Targets: --to jar:jar=work --to cookies-txt:path=cookies.txt --to storage-state:path=state.json --to
newman:path=jar.json --to browser:endpoint=http://127.0.0.1:9222`,
    arguments: [{ name: 'domain', summary: 'example.com, or https://example.com' }],
    options: [
      {
        flags: '--to <target>',
        summary: `a target, and its settings: ${pluginForm}`,
        repeatable: true,
        completion: builtInTargets,
        parse: parsePlugin('--to'),
      },
      {
        flags: '--direction <direction>',
        summary: `${syncDirections.join(', ')}; out when absent`,
        completion: syncDirections,
        parse: oneOf('--direction', syncDirections),
      },
      json,
    ],
    load: async () => (await import('./commands/sync.ts')).setSync,
  },
  {
    name: 'sync list',
    summary: 'list the sync rules, and how their targets are',
    options: [jsonLines],
    load: async () => (await import('./commands/sync.ts')).listSync,
  },
  {
    name: 'sync run',
    summary: 'look at the targets of a rule, or of all rules, now',
    arguments: [{ name: 'domain', summary: 'of the rule', optional: true }],
    options: [jsonLines],
    load: async () => (await import('./commands/sync.ts')).runSync,
  },
  {
    name: 'sync delete',
    summary: 'end a sync rule; its targets keep what they hold',
    arguments: [{ name: 'domain', summary: 'of the rule' }],
    load: async () => (await import('./commands/sync.ts')).deleteSync,
  },
  {
    name: 'browser extension',
    summary: 'write the browser extension, which captures in the profile that you use, to a folder',
    details: 'The folder is new, empty, or has an earlier version of it, which is replaced. weir browser pair connects it.',
    arguments: [{ name: 'folder', summary: 'where', completion: 'file' }],
    options: [{ flags: '--firefox', summary: 'for Firefox; else for Chromium, Chrome, Edge and Brave' }],
    load: async () => (await import('./commands/browser-extension.ts')).makeExtension,
  },
  {
    name: 'browser pair',
    summary: "show a code that connects weir's browser extension, or another client, to the daemon",
    details: `It opens the daemon's port for WebSockets (127.0.0.1:9340 unless --port says otherwise) where that is closed, shows a code that is good for one pairing within
five minutes, and waits for it. --json prints the code and does not wait. weir token list shows what is paired. Rights:
${rightNames.map((name) => `  ${name.padEnd(8)} ${rightMeanings[name]}`).join('\n')}`,
    options: [
      {
        flags: '--right <right>',
        summary: `what it may do; ${extensionRights.join(', ')} when absent`,
        repeatable: true,
        completion: rightNames,
        parse: oneOf('--right', rightNames),
      },
      { flags: '--name <name>', summary: 'what to call it; what it calls itself when absent' },
      { flags: '--origin <origin>', summary: 'a web page of this origin, as http://localhost:5173, may use the code, and nobody else' },
      { flags: '--port <port>', summary: 'where to listen; 0 picks a free port', parse: integer('--port', 0, 65535) },
      json,
    ],
    load: async () => (await import('./commands/browser-pair.ts')).pairBrowser,
  },
  {
    name: 'token list',
    summary: 'list what is paired, and what it may do',
    options: [jsonLines],
    load: async () => (await import('./commands/token.ts')).listTokens,
  },
  {
    name: 'token revoke',
    summary: 'take a pairing back; its connections end at once',
    arguments: [{ name: 'token', summary: 'its id, as weir token list shows it' }],
    load: async () => (await import('./commands/token.ts')).revokeToken,
  },
  {
    name: 'sql',
    summary: 'run a reading SQL statement on a session (its v1_* views: docs/sql.md)',
    arguments: [session, { name: 'sql', summary: "one statement, for example: 'select method, url from v1_exchange'" }],
    options: [
      { flags: '-n, --limit <count>', summary: 'rows at most; 1,000 when absent', parse: integer('--limit', 1, 100_000) },
      { flags: '--json', summary: 'print JSON, one row a line, as an object' },
    ],
    load: async () => (await import('./commands/sql.ts')).sql,
  },
  {
    name: 'plugin list',
    summary: 'list the exporters, filters, cookie targets and sources, and say which modules cannot be used',
    options: [jsonLines],
    load: async () => (await import('./commands/plugin-list.ts')).listPlugins,
  },
  {
    name: 'plugin new',
    summary: 'make the beginning of a plugin of your own: a package with a test that passes',
    details: 'It is JavaScript, in a new folder or an empty one: NAME in the current folder when none is given. Nothing is overwritten.',
    arguments: [
      { name: 'kind', summary: pluginKinds.join(' or '), completion: pluginKinds },
      { name: 'name', summary: 'lower case letters, digits and dashes; what weir export, filters and source/start will call it' },
      { name: 'folder', summary: 'where to make it', optional: true, completion: 'file' },
    ],
    load: async () => (await import('./commands/plugin-new.ts')).newPlugin,
  },
  {
    name: 'ca',
    summary: 'where the CA certificate is, and how one command trusts it',
    details: 'Standard output has the path alone, so that --cacert "$(weir ca)" works.',
    options: [{ flags: '--pem', summary: 'print the certificate itself' }, json],
    load: async () => (await import('./commands/ca.ts')).ca,
  },
  {
    name: 'ca check',
    summary: 'whether the stores of this machine trust the CA; exit code 0 when each does, else 1',
    options: [storeOption(trustStores), jsonLines],
    load: async () => (await import('./commands/ca-trust.ts')).checkCa,
  },
  {
    name: 'ca install',
    summary: 'let the system, browsers and Java trust the CA, after saying what will be run',
    details: `Every store that is found is meant, unless --store names some. Nothing is run before it was confirmed. Where the CA is trusted already there is
nothing to do. --store container prints how an image is told to trust it, and changes nothing. weir ca uninstall takes it all back.`,
    options: [storeOption([...trustStores, 'container']), dryRun, yes],
    load: async () => (await import('./commands/ca-trust.ts')).installCa,
  },
  {
    name: 'ca uninstall',
    summary: 'take away what weir ca install added, after saying what will be run',
    options: [storeOption(trustStores), dryRun, yes],
    load: async () => (await import('./commands/ca-trust.ts')).uninstallCa,
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
    name: 'mcp',
    summary: 'the daemon for agents: a Model Context Protocol server on standard input and output',
    details: `Name it in an agent's settings as a server with the command weir (npx weir) and the argument mcp. Credentials are hidden from the agent, which can hide
more and not less than --redact says: what was captured could ask it to.`,
    options: [
      redactOption('the least that is hidden, standard when absent'),
      {
        flags: '--budget <characters>',
        summary: 'what one answer may hold; 40000 when absent. What is longer is cut, with a way to read on',
        parse: integer('--budget', 2_000, 1_000_000),
      },
    ],
    load: async () => (await import('./commands/mcp.ts')).mcp,
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
