/** The simple commands of a POSIX shell script, as far as copied commands need it: quotes, comments, pipes; bash's `$'...'`; nothing is expanded or run. */
import { EntryFault } from '../imported-exchange.ts'
import { ansiC, printfText } from './escapes.ts'

export interface ShellCommand {
  /** On which it begins, from 1. */
  line: number
  /** A character for each byte. */
  words: string[]
  /** What it prints is the next command's input. */
  pipes: boolean
  /** Why its words are not known; null: they are. */
  fault: string | null
}

/** @param script a character for each byte */
export function* shellCommands(script: string): Generator<ShellCommand> {
  const reader = new CommandReader(script)
  for (let command = reader.next(); command !== null; command = reader.next()) if (command.words.length > 0 || command.fault) yield command
}

const endsContinued = 'the file ends behind a \\ that continues its line: it was cut off there, or the \\ is too much'
/** The next characters that stand for themselves. */
const plain = /[^\s'"\\$`;&|()<>]+/y
const plainQuoted = /[^"\\$`]+/y

/** What `printf` and `echo` print; null: it is neither, or prints what is not known. */
export function printed(words: readonly string[]): string | null {
  const [name, ...rest] = words
  if (name === 'echo') return rest[0] === '-n' ? rest.slice(1).join(' ') : `${rest.join(' ')}\n`
  return name === 'printf' && rest[0] !== undefined ? printfText(rest[0], rest.slice(1)) : null
}

const blank = /[ \t]/
const ends = /[\n;&|()]/

class CommandReader {
  readonly #text: string
  #at = 0
  #line = 1
  /** Only blanks since the last continued line. */
  #isContinued = false
  /** The last line of a script has an end; of what was pasted nobody knows. Told once. */
  #isCut: boolean

  constructor(script: string) {
    this.#text = script.replaceAll('\r\n', '\n')
    this.#isCut = script.startsWith('#!') && !script.endsWith('\n')
  }

  /** null: the script is over. After a fault it goes on behind the next line feed. */
  next(): ShellCommand | null {
    this.#skipBlanks()
    while (this.#at < this.#text.length && ends.test(this.#text[this.#at] as string)) {
      this.#take()
      this.#skipBlanks()
    }
    if (this.#at >= this.#text.length && !this.#isCut) return null
    const command: ShellCommand = { line: this.#line, words: [], pipes: false, fault: null }
    try {
      this.#words(command)
    } catch (error) {
      if (!(error instanceof EntryFault)) throw error
      command.fault = error.message
      while (this.#at < this.#text.length && this.#take() !== '\n');
      if (this.#at >= this.#text.length) this.#isCut = false
    }
    return command
  }

  #words(command: ShellCommand): void {
    let isRedirected = false
    for (;;) {
      this.#skipBlanks()
      const next = this.#text[this.#at]
      if (next === undefined) {
        if (this.#isContinued) throw new EntryFault(endsContinued)
        if (this.#isCut) throw new EntryFault('the file ends within its last line')
        return
      }
      if (ends.test(next)) {
        command.pipes = next === '|' && this.#text[this.#at + 1] !== '|'
        return
      }
      if (next === '<' || next === '>') {
        if (this.#text.startsWith('<<', this.#at)) throw new EntryFault('it has a here-document, which is not read')
        while (/[<>&]/.test(this.#text[this.#at] ?? '')) this.#take()
        isRedirected = true
        continue
      }
      const word = this.#word()
      const isDescriptor = /^\d$/.test(word) && /[<>]/.test(this.#text[this.#at] ?? '')
      if (!isRedirected && !isDescriptor) command.words.push(word)
      isRedirected = false
    }
  }

  #take(): string {
    const character = this.#text[this.#at++] as string
    if (character === '\n') this.#line++
    return character
  }

  /** Blanks, continued lines, and comments. */
  #skipBlanks(): void {
    this.#isContinued = false
    for (;;) {
      const next = this.#text[this.#at]
      if (next !== undefined && blank.test(next)) this.#at++
      else if (this.#text.startsWith('\\\n', this.#at)) {
        this.#at++
        this.#take()
        this.#isContinued = true
      } else if (next === '#') while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at++
      else return
    }
  }

  #word(): string {
    let word = ''
    for (;;) {
      const next = this.#text[this.#at]
      if (next === undefined || blank.test(next) || ends.test(next) || next === '<' || next === '>') return word
      if (next === "'") word += this.#quoted()
      else if (next === '"') word += this.#doubleQuoted()
      else if (this.#text.startsWith("$'", this.#at)) word += this.#ansiQuoted()
      else if (next === '\\') word += this.#escaped(/./s)
      else if (next === '`' || this.#text.startsWith('$(', this.#at)) word += this.#substitution()
      else word += this.#run(plain)
    }
  }

  /** At least one character. */
  #run(characters: RegExp): string {
    characters.lastIndex = this.#at
    return characters.test(this.#text) ? this.#through(characters.lastIndex - 1) : this.#take()
  }

  #quoted(): string {
    const end = this.#text.indexOf("'", this.#at + 1)
    if (end < 0) throw new EntryFault("it has a ' that is not closed")
    return this.#through(end).slice(1, -1)
  }

  #ansiQuoted(): string {
    const match = /\$'([^'\\]*(?:\\.[^'\\]*)*)'/sy
    match.lastIndex = this.#at
    const found = match.exec(this.#text)
    if (!found) throw new EntryFault("it has a $' that is not closed")
    this.#through(match.lastIndex - 1)
    return ansiC(found[1] as string)
  }

  #doubleQuoted(): string {
    let text = ''
    this.#take()
    for (;;) {
      const next = this.#text[this.#at]
      if (next === undefined) throw new EntryFault('it has a " that is not closed')
      if (next === '"') {
        this.#take()
        return text
      }
      if (next === '\\') text += this.#escaped(/["\\$`\n]/)
      else if (next === '`' || this.#text.startsWith('$(', this.#at)) text += this.#substitution()
      else text += this.#run(plainQuoted)
    }
  }

  /** @param special what a backslash takes the meaning of */
  #escaped(special: RegExp): string {
    this.#take()
    const next = this.#text[this.#at]
    if (next === undefined) throw new EntryFault(endsContinued)
    if (!special.test(next)) return '\\'
    this.#take()
    return next === '\n' ? '' : next
  }

  /** `$(printf '...')`, which weir writes for bytes that stand in no quotes. */
  #substitution(): string {
    const match = /\$\(printf '([^']*)'\)/y
    match.lastIndex = this.#at
    const found = match.exec(this.#text)
    const text = found && printfText(found[1] as string, [])
    if (text === null) throw new EntryFault('it has a command within a word, which is not run')
    this.#through(match.lastIndex - 1)
    return text.replace(/\n+$/, '')
  }

  /** Up to and with this place. */
  #through(end: number): string {
    const text = this.#text.slice(this.#at, end + 1)
    this.#at = end + 1
    this.#line += text.split('\n').length - 1
    return text
  }
}
