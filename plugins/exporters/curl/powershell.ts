/**
 * cURL commands for PowerShell, Windows PowerShell 5.1 as well (about_Quoting_Rules, about_Parsing). Before 7.3 it hands double quotes and what is not ASCII over to programs
 * otherwise than they stand there, and drops empty words. So the script is ASCII, no word has any of these, and what does is written to a file that curl reads.
 */
import type { Script } from '../replay/script.ts'
import { caption } from '../text/caption.ts'
import { wireBytes } from '../text/wire-bytes.ts'
import { type CurlCommand, curlCommand } from './command.ts'

type Option = CurlCommand['options'][number]

/** Windows takes command lines of 32,767 characters. */
const wordCharacters = 4096
/** No double quote; a backslash at the end would escape the one that PowerShell adds. */
const safeWord = /^(?=.)[ !#-~]*[ !#-[\]-~]$/
const printable = /^[ -~]*$/
const temporaryFile = '[IO.Path]::GetTempFileName()'

export const powershellScript: Script = {
  head: '',
  request(exchange, body) {
    const command = curlCommand(exchange, body)
    return command === null ? null : `# ${caption(exchange)}\n${statements(command).join('\n')}\n\n`
  },
  tail: '',
}

/** ASCII. Between single quotes only they have a meaning, and two of them are one. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
const isWord = (text: string): boolean => text.length <= wordCharacters && safeWord.test(text)

function statements({ target, options, body }: CurlCommand): string[] {
  const all = [...target, ...options]
  const firstHidden = all.findIndex((option) => option[0] === '-H' && !isShown(option))
  // Fields keep their order: from the first that is hidden on all of them are.
  const isHidden = (option: Option, index: number) => !isShown(option) || (option[0] === '-H' && firstHidden >= 0 && index > firstHidden)
  const shown = all.filter((option, index) => !isHidden(option, index))
  const hidden = all.filter(isHidden)
  const text = body?.toString('latin1') ?? ''
  const lines = ['curl.exe', ...shown.map(words)]
  const before: string[] = []
  const after: string[] = []
  const file = (name: string, contents: Buffer) => {
    before.push(`$${name} = ${temporaryFile}`, write(name, contents))
    after.push(`Remove-Item $${name}`)
  }
  if (hidden.length > 0) {
    file('config', configuration(hidden))
    lines.push('-K $config')
  }
  if (body !== null && isWord(text)) lines.push(`--data-raw ${quoted(text)}`)
  else if (body !== null) {
    file('body', body)
    lines.push('--data-binary "@$body"')
  }
  return [...before, lines.join(' `\n  '), ...after]
}

const isShown = ([, value]: Option): boolean => value === undefined || isWord(value)
/** Unquoted, a word with a dash before and a dot in it would be two. */
const words = ([name, value]: Option): string =>
  [name === null ? '' : /^[-\w]+$/.test(name) ? name : quoted(name), value === undefined ? '' : quoted(value)]
    .filter((word) => word !== '')
    .join(' ')

/** Text goes out as UTF-8 without a mark. */
function write(name: string, contents: Buffer): string {
  const text = contents.toString('latin1')
  return printable.test(text)
    ? `[IO.File]::WriteAllText($${name}, ${quoted(text)})`
    : `[IO.File]::WriteAllBytes($${name}, [Convert]::FromBase64String('${contents.toString('base64')}'))`
}

const longNames: { readonly [name: string]: string } = { '-H': 'header', '-X': 'request' }

/** A file of options (curl's manual, --config): between double quotes a backslash escapes. */
function configuration(options: readonly Option[]): Buffer {
  const lines = options.flatMap(([name, value = '']) => [
    Buffer.from(`${name === null ? 'url' : (longNames[name] ?? name.replace(/^--/, ''))} = "`),
    wireBytes(value.replace(/["\\]/g, '\\$&').replaceAll('\t', '\\t')),
    Buffer.from('"\n'),
  ])
  return Buffer.concat(lines)
}
