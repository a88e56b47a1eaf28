/** A ResponseDiff for people: what was, with a minus, and what is, with a plus. */
import type { Output, Style } from './output.ts'
import { printable, printableBytes } from './printable.ts'
import { formatBytes } from './quantity.ts'
import type { BodyDiff, JsonChange, ResponseDiff } from './response-diff.ts'

export function describeDiff({ status, headers, body }: ResponseDiff, out: Output): string {
  const was = (text: string) => styled('red', `- ${text}`, out)
  const is = (text: string) => styled('green', `+ ${text}`, out)
  const lines = [
    ...(status ? [was(`status ${status.before ?? 'none'}`), is(`status ${status.after ?? 'none'}`)] : []),
    ...headers.flatMap(({ name, before, after }) => [
      ...before.map((value) => was(printableBytes(`${name}: ${value}`))),
      ...after.map((value) => is(printableBytes(`${name}: ${value}`))),
    ]),
    ...(body ? describeBody(body, out) : []),
  ]
  return lines.length === 0 ? '  the same response' : lines.map((line) => `  ${line}`).join('\n')
}

function describeBody(body: BodyDiff, out: Output): string[] {
  if (body.kind === 'bytes') return [`body ${formatBytes(body.before)}, now ${formatBytes(body.after)}, with other bytes`]
  if (body.kind === 'json')
    return body.changes.length === 0 ? ['the same JSON, written otherwise'] : body.changes.flatMap((change) => describeChange(change, out))
  if (body.lines.length === 0) return ['the same text, in other bytes']
  return body.lines.map((line) => {
    const text = printable(line)
    return line.startsWith('+') ? styled('green', text, out) : line.startsWith('-') ? styled('red', text, out) : text
  })
}

function describeChange(change: JsonChange, out: Output): string[] {
  const at = printable(pathText(change.path))
  const lines: string[] = []
  if ('before' in change) lines.push(styled('red', `- ${at}: ${printable(JSON.stringify(change.before))}`, out))
  if ('after' in change) lines.push(styled('green', `+ ${at}: ${printable(JSON.stringify(change.after))}`, out))
  return lines
}

/** RFC 9535: `$.items[0].name`. */
const pathText = (path: readonly (string | number)[]): string =>
  `$${path.map((step) => (typeof step === 'number' ? `[${step}]` : /^[A-Za-z_]\w*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`)).join('')}`

const styled = (style: Style, text: string, out: Output): string => out.style(style, text)
