/** What can stand where the cursor is, from the command table. */
import type { CommandSpec, Completion, OptionSpec } from './command.ts'

export interface Candidate {
  text: string
  summary: string
}

export interface Candidates {
  words: Candidate[]
  /** What only the daemon or the shell itself knows: to be offered as well. */
  also: 'session' | 'jar' | 'file' | 'command' | null
}

const nothing: Candidates = { words: [], also: null }

/** @param words after `weir`; the last is the one that is being typed, perhaps empty */
export function candidates(commands: readonly CommandSpec[], words: readonly string[]): Candidates {
  const current = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const first = before[0]
  if (first === undefined) return startingWith(current, firstWords(commands))
  const [, second] = before
  const double = commands.find(({ name }) => name === `${first} ${second}`)
  if (double) return within(double, before.slice(2), current)
  const single = commands.find(({ name }) => name === first)
  const seconds = second === undefined ? startingWith(current, secondWords(commands, first)) : nothing
  if (!single) return seconds
  const { words: own, also } = within(single, before.slice(1), current)
  return { words: [...seconds.words, ...own], also }
}

function firstWords(commands: readonly CommandSpec[]): Candidate[] {
  const seen = new Map<string, Candidate>()
  for (const { name, summary } of commands) {
    const [word = ''] = name.split(' ')
    if (!seen.has(word)) seen.set(word, { text: word, summary: word === name ? summary : `${word} ...` })
  }
  return [...seen.values(), { text: '--help', summary: 'every command' }, { text: '--version', summary: 'the version' }]
}

const secondWords = (commands: readonly CommandSpec[], first: string): Candidate[] =>
  commands.filter(({ name }) => name.startsWith(`${first} `)).map(({ name, summary }) => ({ text: name.slice(first.length + 1), summary }))

function within(spec: CommandSpec, before: readonly string[], current: string): Candidates {
  const dashes = before.indexOf('--')
  if (dashes !== -1 && spec.takesCommand) return { words: [], also: dashes === before.length - 1 ? 'command' : 'file' }
  const options = spec.options ?? []
  const valued = dashes === -1 ? options.find((option) => takesValue(option) && names(option).includes(before.at(-1) ?? '')) : undefined
  if (valued) return complete(valued.completion, current)
  if (dashes === -1 && current.startsWith('-')) return startingWith(current, optionWords(spec))
  const position = positionals(options, before).length
  const specs = spec.arguments ?? []
  const last = specs.at(-1)
  const argument = specs[position] ?? (last?.variadic ? last : undefined)
  return spec.takesCommand ? startingWith(current, optionWords(spec)) : complete(argument?.completion, current)
}

function complete(completion: Completion | undefined, current: string): Candidates {
  if (completion === undefined) return nothing
  if (typeof completion === 'string') return { words: [], also: completion }
  return startingWith(
    current,
    completion.map((text) => ({ text, summary: '' })),
  )
}

const startingWith = (current: string, words: readonly Candidate[]): Candidates => ({
  words: words.filter(({ text }) => text.startsWith(current)),
  also: null,
})

const optionWords = ({ options = [], takesCommand }: CommandSpec): Candidate[] => [
  ...options.flatMap((option) => names(option).map((text) => ({ text, summary: option.summary }))),
  { text: '--help', summary: 'how to use it' },
  ...(takesCommand ? [{ text: '--', summary: 'a command follows' }] : []),
]

/** `-o, --out <file>` -> `-o`, `--out`. */
const names = ({ flags }: OptionSpec): string[] => flags.match(/(?<![\w-])--?[\w-]+/g) ?? []

const takesValue = ({ flags }: OptionSpec): boolean => flags.includes('<')

/** The words that are neither options nor their values. */
function positionals(options: readonly OptionSpec[], words: readonly string[]): string[] {
  const valued = new Set(options.filter(takesValue).flatMap(names))
  const found: string[] = []
  let dashed = false
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    if (dashed) found.push(word)
    else if (word === '--') dashed = true
    else if (valued.has(word)) index++
    else if (!word.startsWith('-')) found.push(word)
  }
  return found
}
