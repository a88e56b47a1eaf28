/** docs/protocol.md out of the table of methods. `npm run docs` writes it; tests compare it and make its examples. */
import { codes } from '../../sdk/errors.ts'
import { limits } from '../../sdk/limits.ts'
import { type Method, notifications, requests } from '../../sdk/protocol.ts'
import { examples, type World } from './protocol-examples.ts'

interface Schema {
  type?: string | string[]
  description?: string
  properties?: { [name: string]: Schema }
  required?: string[]
  items?: Schema | Schema[]
  anyOf?: Schema[]
  enum?: unknown[]
  patternProperties?: { [pattern: string]: Schema }
}

const world: World = {
  sessionId: '01JDM4CN3B7Q2Z8E5T1V9XKHWA',
  origin: 'http://localhost:8080',
  folder: '/home/ann/captures',
  startedId: '01JDM52E8KYH0RWSZ4Q6B1TNGC',
  subscriptionId: 's1',
  sourceId: '01JDM5D0T4W8NQZ7C2F6XARVEK',
  tokenId: 't1',
}

/** In a few characters; objects are named, not shown. */
function typeOf(schema: Schema): string {
  const { type, items, anyOf, enum: words, properties, patternProperties } = schema
  if (words) return words.length > 8 ? `${words.slice(0, 6).map(quoted).join(' \\| ')} \\| ...` : words.map(quoted).join(' \\| ')
  if (anyOf) return [...new Set(anyOf.map(typeOf))].join(' \\| ')
  if (type === 'array') return Array.isArray(items) ? `[${items.map(typeOf).join(', ')}]` : `${grouped(typeOf(items ?? {}))}[]`
  if (properties) {
    const names = Object.keys(properties)
    return `{${names.slice(0, 6).join(', ')}${names.length > 6 ? ', ...' : ''}}`
  }
  if (patternProperties) return 'object'
  return typeof type === 'string' ? type : 'any'
}

const quoted = (word: unknown): string => (typeof word === 'string' ? `'${word}'` : String(word))
const grouped = (type: string): string => (type.includes(' ') && !type.startsWith('{') ? `(${type})` : type)
const cell = (text: string): string =>
  text
    .replaceAll('\n', ' ')
    .replace(/(?<!\\)\|/g, '\\|')
    .replaceAll('<', '&lt;')

function table({ properties = {}, required = [] }: Schema): string {
  const rows = Object.entries(properties).map(([name, schema]) => {
    const optional = required.includes(name) ? '' : '?'
    return `| \`${name}${optional}\` | ${typeOf(schema)} | ${cell(schema.description ?? '')} |`
  })
  return rows.length === 0 ? 'none' : ['| | | |', '|---|---|---|', ...rows].join('\n')
}

function section(name: Method): string {
  const { summary, params, result } = requests[name]
  const example = examples[name](world)
  const answer = Object.keys(example.result).length === 0 ? '' : `\n\n\`\`\`json\n${json(example.result)}\n\`\`\``
  return `### ${name}

${summary}

${titled('Params', params as Schema)}

${titled('Result', result as Schema)}

\`\`\`sh
npx weir rpc ${name}${Object.keys(example.params).length === 0 ? '' : ` '${JSON.stringify(example.params)}'`}
\`\`\`${answer}`
}

function titled(title: string, schema: Schema): string {
  const made = table(schema)
  return made === 'none' ? `${title}: none` : `${title}:\n\n${made}`
}

/** Compact where it is short. */
function json(value: unknown): string {
  const line = JSON.stringify(value)
  return line.length <= 140 ? line : JSON.stringify(value, null, 2)
}

const mebibytes = (bytes: number): string => `${bytes / 1024 / 1024} MiB`

export const protocolReference = (): string => `# The protocol

Written by \`npm run docs\` out of [sdk/protocol.ts](../sdk/protocol.ts), the table by which the daemon checks what it is sent. \`weir rpc rpc.discover\` prints it as an OpenRPC document, with whole schemas, from which clients can be generated.
A test makes each example below.

JSON-RPC 2.0 on a Unix socket (\`weir.sock\` in the home, 0600; \`weir status\` names it), or on standard input and output (\`weir stdio\`). Messages are framed as in the Language Server Protocol: \`Content-Length: N\`, an empty line, N bytes of JSON; at most
${mebibytes(limits.frameBytes)}, ${limits.jsonDepth} levels deep, ${limits.inFlight} requests of a connection in flight. Params and results are one object each. Params are closed: what is not known is an error. Results are open: ignore what you do not know. Times are Unix milliseconds, sizes bytes, ids opaque
texts. \`initialize\` comes first on every connection; \`weir rpc\` and the SDK do that for you. \`$/cancelRequest {id}\` cancels a call, which then fails with -32800.

## Methods

${(Object.keys(examples) as Method[]).map(section).join('\n\n')}

## Notifications

The daemon sends them by itself.

${Object.entries(notifications)
  .map(([name, schema]) => `### ${name}\n\n${table(schema as Schema)}`)
  .join('\n\n')}

## Errors

\`error.code\`, \`error.message\` (a sentence that says what to do), \`error.data.reason\` (a stable word to match on) and, for params, \`error.data.errors\` (\`path\`, a JSON pointer, and \`message\`).

| code | |
|---|---|
${Object.entries(codes)
  .map(([name, code]) => `| ${code} | ${name} |`)
  .join('\n')}
`
