/** The fields of a form as `weir show` writes them. */
import type { FormItem } from '../../sdk/model.ts'
import type { Result } from '../../sdk/protocol.ts'
import type { Output } from './output.ts'
import { printable, printableLines } from './printable.ts'
import { formatBytes } from './quantity.ts'

const formType = /^\s*(?:application\/x-www-form-urlencoded|multipart\/)/i
const longest = 2000

const faults: { readonly [fault: string]: string } = {
  noDelimiter: 'its boundary is nowhere in it',
  unterminated: 'it ends without its closing boundary',
  invalidHead: 'the head of a part cannot be read',
}

export const isForm = (contentType: string): boolean => formType.test(contentType)

/** Otherwise it is shown as the text it is: nothing of its type, or a lone name (curl -d sends JSON under this type, too). */
export const hasFields = ({ items, more }: Result<'exchange/readForm'>): boolean =>
  items.length > 1 || more || (items.length === 1 && items[0]?.value !== '')

export function describeForm({ items, more, eof, truncated, malformed }: Result<'exchange/readForm'>, out: Output): string {
  const notes = [
    more && 'more follows: weir rpc exchange/readForm',
    !eof && !truncated && 'it has not ended yet',
    malformed && `malformed: ${faults[malformed] ?? malformed}`,
  ]
  return [...items.map((item) => describeItem(item, out)), ...notes.filter(Boolean).map((note) => out.style('yellow', `(${note})`))].join(
    '\n',
  )
}

function describeItem({ name, filename, type, value, size, cut }: FormItem, out: Output): string {
  const facts = [
    filename !== undefined && JSON.stringify(filename),
    type,
    (value === undefined || filename !== undefined) && formatBytes(size),
    cut && 'cut',
  ]
  const about = facts.filter(Boolean).join(', ')
  const head = `${out.style('cyan', printable(name ?? '(no name)'))}${about === '' ? '' : ` ${out.style('dim', `(${printable(about)})`)}`}`
  if (value === undefined) return head
  const text = printableLines(value.length > longest ? `${value.slice(0, longest)}...` : value)
  return text.includes('\n') ? `${head}:\n  ${text.replaceAll('\n', '\n  ')}` : `${head}: ${text}`
}
