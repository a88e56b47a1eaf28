/** docs/query.md: the text, and the table of fields out of the language itself. `npm run docs` writes it; tests compare it and run its examples. */
import { aliases, eitherSide, type Field, fields, words } from '../../sdk/query/fields.ts'
import { mediaClasses } from '../../sdk/query/media-class.ts'
import { queryLimits } from '../../sdk/query/parser.ts'

/** What stands before each table of examples -> query and what it finds. A test runs them all. */
export const examples: readonly { title: string; text: string; queries: readonly (readonly [query: string, finds: string])[] }[] = [
  {
    title: 'Terms',
    text: 'A query is `field:value` terms with white space between them; all of them must hold. Nothing at all matches everything.',
    queries: [
      ['host:api.example.com method:POST', 'POST requests to that host'],
      ['status:5xx', 'responses from 500 to 599'],
      ['path:/v1/* -type:image', 'below /v1/, images left out'],
      ['login', 'a bare word: the URL has it'],
      ['"(draft)"', 'the same in quotes, for its parentheses'],
    ],
  },
  {
    title: 'Combining',
    text: 'Terms side by side are joined by AND, which may be written. `OR` binds less, `NOT` and `-` bind more. Parentheses group. The three words are upper case.',
    queries: [
      ['status:>=400 OR error:*', 'what went wrong'],
      ['(host:api.example.com OR host:cdn.example.com) NOT status:200', 'of two hosts, without the 200s'],
      ['method:POST,PUT,DELETE', 'a list: any of them'],
      ['-(type:image OR type:css)', 'neither images nor styles'],
    ],
  },
  {
    title: 'Texts',
    text: `\`:\` is the whole text, where \`*\` is any run of characters (\`/\` too); \`~\` is contained; \`=~\` is a regular expression in
[RE2 syntax](https://github.com/google/re2/wiki/Syntax) somewhere in the text (no look-around, no back-references). Quotes turn stars off and hold spaces, commas and parentheses; \`\\\` before a character does
the same for one. Upper and lower case differ, except in hosts, methods, media types and names of header fields.`,
    queries: [
      ['path:/v1/*/items', 'a star in the middle'],
      ['path~items', 'anywhere in the path'],
      ['path=~^/v\\d+/', 'a regular expression'],
      ['url:*\\*', 'ends with a star'],
      ['req.header.user-agent~"curl/"', 'quoted'],
      ['resp.header.set-cookie:*', 'there is such a field, whatever it says'],
    ],
  },
  {
    title: 'Numbers, sizes, durations, times',
    text: `\`:\` or a comparison: \`status:>=500\`, \`dur>1s\`. Ranges hold both ends: \`200..299\`, \`500..\`, \`..1kb\`. Units: \`ms s m h\` (milliseconds without one), \`b kb mb gb\` (powers of 1000; \`kib mib gib\`
of 1024). Times for \`from\` and \`until\`: relative to the moment of asking (\`-10m\`, \`now\`), a date or date and time (local unless they say \`Z\` or an offset), or Unix milliseconds.`,
    queries: [
      ['dur:>500ms size:>1mb', 'slow and large'],
      ['status:200..299 resp.size:..1kb', 'successful and small'],
      ['from:2026-01-31T14:00:00Z until:2026-01-31T15:00:00Z', 'an hour'],
      ['until:-10m', 'older than ten minutes'],
      ['resp.header.content-length:>1000', 'a header field that is a number'],
    ],
  },
  {
    title: 'Headers, cookies, parameters',
    text: 'A name stands behind the field; quoted where it has unusual characters. `header` and `cookie` ask the request and the response: any of them. With several fields of a name any one will do.',
    queries: [
      ['header.x-request-id:42', 'in the request or the response'],
      ['req.header."x-request-id":42', 'the same of the request, its name quoted'],
      ['cookie.session:*', 'the cookie is sent or set'],
      ['query.page:2', '?page=2, percent-encoding undone'],
      ['query.page:>1', 'the same compared as a number'],
    ],
  },
  {
    title: 'Bodies',
    text: `\`body\` is the request's or the response's text, without its Content-Encoding and in its charset; where it is no text its bytes are compared with the UTF-8 of the query. At most 64 MiB of a body are looked at (regular expressions: the first million characters, and fewer where a pattern with hundreds of repetitions would take more than a second), and what cannot be decoded
is looked at as received. \`json\` takes a path; a key asked of a list means any of its items, \`[0]\` one of them, \`*\` anything. A dot within a key is \`\\.\`.`,
    queries: [
      ['body~needle', 'in either body'],
      ['resp.body=~"error[: ]+\\d+"', 'a regular expression, quoted for its space'],
      ['json.user.id:7', 'JSON of either body'],
      ['resp.json.items.price:>10', 'any item'],
      ['resp.json.items[0].name~a', 'the first item'],
    ],
  },
  {
    title: 'What it is, and where it came from',
    text: `Three words stand for a term: ${Object.entries(words)
      .map(([word, term]) => `\`${word}\` for \`${term}\``)
      .join(', ')}.`,
    queries: [
      ['ws', 'WebSockets'],
      ['sse', 'server-sent events'],
      ['grpc', 'gRPC and gRPC-web'],
      ['type:json', 'a class of media types; `+json` too'],
      ['type:application/vnd.api+json', 'one media type'],
      ['host:localhost:8080', 'a port behind a host: host:localhost port:8080'],
      ['tls.version:1.2', 'by the TLS of the connection to the origin'],
      ['process:curl', 'by the program that it came from'],
      ['state:open', 'still running'],
      ['tag:todo', 'tagged so'],
      ['resource:xhr,fetch page:https://shop.example/*', 'what scripts asked for on the pages of a shop, where a browser told of it'],
      ['initiator~"/analytics.js"', 'what that script made the browser ask for'],
      ['cache:*', 'from a cache of the browser, or its service worker'],
    ],
  },
]

const table = (rows: readonly (readonly string[])[]): string => rows.map((row) => `| ${row.join(' | ')} |`).join('\n')
const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``

const section = ({ title, text, queries }: (typeof examples)[number]): string =>
  [`## ${title}`, text, table([['query', 'finds'], ['---', '---'], ...queries.map(([query, finds]) => [code(query), finds])])].join('\n\n')

const known = { request: 'with the request', response: 'with the response', end: 'at the end' } as const

const fieldRow = ([name, { named, summary, words, absent, known: phase, type }]: [string, Field]): string[] => [
  code(named ? `${name}.NAME` : name),
  summary + (words && type === 'word' && words.length <= 4 ? `: ${words.join(', ')}` : ''),
  absent || 'never',
  known[phase],
]

export const queryReference = (): string => `# Queries

Written by \`npm run docs\` out of the language's own tables. The same language everywhere: \`weir ls\`, \`weir overview\`, \`weir tail\` and \`weir rm\`, \`--where\` of \`weir capture\` and \`weir export\`, and \`where\` of \`exchange/list\`,
\`exchange/count\`, \`exchange/subscribe\`, \`exchange/wait\`, \`exchange/delete\`, \`exporter/run\`, \`session/overview\`, \`session/start\` and \`session/set\`.

\`\`\`sh
npx weir ls last 'host:api.example.com status:>=500'
npx weir capture --where 'host:*.example.com -type:image'
npx weir rpc query/explain '{"where":"status:5xx"}'
\`\`\`

${examples.map(section).join('\n\n')}

## Absent values

A term on a value that is not there is false, and its NOT is true: \`-status:200\` finds what has no response, too. \`field:*\` asks whether there is one.

## Fields

\`header\`, \`cookie\`, \`body\` and \`json\` ask both sides: ${Object.entries(eitherSide)
  .map(([name, [request, response]]) => `\`${name}\` is \`${request}\` or \`${response}\``)
  .join(', ')}. ${Object.entries(aliases)
  .map(([name, field]) => `\`${name}\` is \`${field}\`.`)
  .join(' ')}
Classes of media types: ${mediaClasses.map(code).join(' ')}. The reasons of \`error\` and the words of \`anomaly\` are those of [sdk/model.ts](../sdk/model.ts).

${table([['field', 'what', 'absent when', 'known'], ['---', '---', '---', '---'], ...Object.entries(fields as { [name: string]: Field }).map(fieldRow)])}

## What a session stores

With a \`where\` a session stores only what matches (\`session/start\`, \`session/set\`, \`weir capture --where\`); the rest passes untouched, is counted in \`counts.filtered\` and is no gap. Each exchange is
decided on as soon as what is known of it decides: see the last column. Until then it is on record; when it turns out not to match it is deleted with everything it held, and clients are told as of any deletion.
So with terms on hosts, paths and methods alone nothing else ever touches the disk. After a kill of the daemon exchanges that were not decided on stay. An empty \`where\` stores everything again. A
size that is too large (or large enough) is known before the end: it is looked at whenever twice as much has passed, from 1 MiB on. Filters that are queries ([plugins.md](plugins.md)) decide in the same way.

## Errors and limits

A query that is none is refused with -32602 and the reason \`invalidQuery\`; \`data\` has the \`position\` in the text and, for a word that is not known, the \`word\`, the \`nearest\` one and all that are \`known\`.
A query has at most ${queryLimits.length.toLocaleString('en')} characters and ${queryLimits.terms.toLocaleString('en')} terms, and nests at most ${queryLimits.depth} deep. \`query/explain\` shows its tree and the SQL that finds it.

## In programs

\`\`\`ts
import { parseQuery, printQuery, queryPredicate } from '@weir/weir/sdk/query'

const isWanted = queryPredicate('status:5xx host:api.example.com')
const wanted = exchanges.filter((exchange) => isWanted(exchange))
\`\`\`

Terms on bodies ask a second argument, \`(part) => Uint8Array | null\`, for the decoded bytes.
`
