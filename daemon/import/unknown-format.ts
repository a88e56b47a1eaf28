/** What is said of a file in none of the formats: what it rather is, where its first bytes tell, and what to do. */
import { invalidParams, type WeirError } from '../../sdk/errors.ts'
import { formats } from './formats.ts'

const signs: readonly [sign: RegExp, what: string][] = [
  [/^$/, 'it is empty (0 bytes)'],
  [/^\s+$/, 'it begins with nothing but blanks'],
  [/^\0/, 'it begins with zeros, which a disk leaves that has lost what was there'],
  [/^(?:\xff\xfe|\xfe\xff|[\t\n\r -~]\0)/, 'it is UTF-16: save it as UTF-8'],
  [/^(?:\x1f\x8b|PK\x03\x04|BZh|\xfd7zXZ\0|\x28\xb5\x2f\xfd)/, 'it is compressed: unpack it'],
]

/** @param head the file's first bytes */
export function unknownFormat(path: string, head: Buffer): WeirError {
  const start = head.toString('latin1')
  const [, what] = signs.find(([sign]) => sign.test(start)) ?? []
  const known = `what can be imported is: ${formats.map(({ name }) => name).join(', ')}`
  const message = `${path} is in no format that can be imported${what === undefined ? '' : ` (${what})`}; nothing was imported; ${known}`
  return invalidParams('unknownFormat', message, [
    { path: '/path', message: `is in no known format${what === undefined ? '' : `: ${what}`}` },
  ])
}
