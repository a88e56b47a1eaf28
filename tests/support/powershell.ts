/**
 * Reads the few statements of PowerShell that weir's scripts consist of, by Microsoft's about_Quoting_Rules and about_Parsing, and says what would be run. It shares nothing with
 * the exporter and knows no other statement: whatever else stands in a script is an error.
 */

export interface PowershellRun {
  /** Words after the name of the program, which PowerShell hands over. */
  argv: string[]
  /** By the name under which a word shows them. */
  files: ReadonlyMap<string, Buffer>
}

type Token = { kind: 'word'; text: string; isQuoted: boolean } | { kind: 'end' } | { kind: 'mark'; text: string }

/** All of them are single quotes to PowerShell. */
const singleQuotes = "'\u2018\u2019\u201a\u201b"
const doubleQuotes = '"\u201c\u201d\u201e'
const special = '`$(){}[];|&<>,=#@'

export function tokens(script: string): Token[] {
  const found: Token[] = []
  let at = 0
  const singleQuoted = (): string => {
    let text = ''
    for (at++; at < script.length; at++) {
      if (singleQuotes.includes(script.charAt(at))) {
        if (!singleQuotes.includes(script.charAt(at + 1)) || at + 1 >= script.length) {
          at++
          return text
        }
        at++
      }
      text += script.charAt(at)
    }
    throw new Error('a single quote is not closed')
  }
  while (at < script.length) {
    const rest = script.slice(at)
    const plain = /^(?:[-\w./:\\]+|\$\w+|"@\$\w+")/.exec(rest)?.[0]
    if (/^[ \t]/.test(rest)) at++
    else if (rest.startsWith('`\n')) at += 2
    else if (rest.startsWith('\n')) {
      found.push({ kind: 'end' })
      at++
    } else if (rest.startsWith('#')) at += /^[^\n]*/.exec(rest)?.[0].length ?? 0
    else if (singleQuotes.includes(rest.charAt(0))) found.push({ kind: 'word', text: singleQuoted(), isQuoted: true })
    else if (plain !== undefined) {
      found.push({ kind: 'word', text: plain, isQuoted: false })
      at += plain.length
    } else if (special.includes(rest.charAt(0)) && !'`;|&<>{}@'.includes(rest.charAt(0))) {
      found.push({ kind: 'mark', text: rest.charAt(0) })
      at++
    } else
      throw new Error(`unexpected ${JSON.stringify(rest.slice(0, 40))}${doubleQuotes.includes(rest.charAt(0)) ? ' (a double quote)' : ''}`)
  }
  found.push({ kind: 'end' })
  return found
}

/** What each `curl.exe` of the script would be given. */
export function runsOf(script: string): PowershellRun[] {
  const runs: PowershellRun[] = []
  const files = new Map<string, Buffer>()
  for (const statement of statementsOf(tokens(script))) {
    const source = statement
      .map((token) => (token.kind === 'word' && token.isQuoted ? "''" : token.kind === 'end' ? '' : token.text))
      .join(' ')
    const [literal] = statement.flatMap((token) => (token.kind === 'word' && token.isQuoted ? [token.text] : []))
    const written = /^\[ IO.File \] ::WriteAll(Text|Bytes) \( (\$\w+) , (?:''|\[ Convert \] ::FromBase64String \( '' \)) \)$/.exec(source)
    const [, kind, name = ''] = written ?? []
    if (source.startsWith('curl.exe ')) runs.push({ argv: statement.slice(1).map(wordOf), files: new Map(files) })
    else if (written !== null) files.set(name, Buffer.from(literal as string, kind === 'Text' ? 'utf8' : 'base64'))
    else if (/^\$\w+ = \[ IO.Path \] ::GetTempFileName \( \)$/.test(source)) files.set(source.split(' ')[0] as string, Buffer.alloc(0))
    else if (/^Remove-Item \$\w+$/.test(source)) files.delete(source.split(' ')[1] as string)
    else throw new Error(`unknown statement: ${source.slice(0, 200)}`)
  }
  if (files.size > 0) throw new Error('a file is left')
  return runs
}

function wordOf(token: Token): string {
  if (token.kind !== 'word') throw new Error('a word of a command is none')
  if (!token.isQuoted) {
    // It would be taken for two (-name.rest).
    if (/^-[^.:]*[.:]/.test(token.text)) throw new Error(`${token.text} would be split`)
    return token.text.replaceAll('"', '')
  }
  // Windows PowerShell hands these over otherwise than they stand there.
  if (token.text === '' || /["]|\\$|[^ -~]/.test(token.text))
    throw new Error(`${JSON.stringify(token.text)} does not arrive as it stands there`)
  return token.text
}

function* statementsOf(all: readonly Token[]): Generator<Token[]> {
  let statement: Token[] = []
  for (const token of all) {
    if (token.kind !== 'end') statement.push(token)
    else if (statement.length > 0) {
      yield statement
      statement = []
    }
  }
}
