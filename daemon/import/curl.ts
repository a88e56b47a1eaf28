/** cURL commands as shells read them: each URL of each command is a request that nobody answered. Nothing is run, and no file is read but this one. */
import { curlRequests } from './curl/arguments.ts'
import { curlExchange } from './curl/exchange.ts'
import { printed, shellCommands } from './curl/shell-commands.ts'
import { EntryFault, type ImportedEntry, importedEntry } from './imported-exchange.ts'
import { whole } from './whole.ts'

/** Assignments, a prompt that was copied along, and what runs another command. */
const beforeCommand = /^(?:[A-Za-z_]\w*=.*|\$|sudo|exec|command|time)$/s

/** The first words of a script that is one of these. */
export const isCurlScript = (text: string): boolean =>
  /^(?:\s|#[^\n]*(?:\n|$)|\$ |[A-Za-z_]\w*=\S* )*(?:curl(?:\.exe)?\s|printf '[^']*(?:' \| curl\s|$))/.test(text)

/** @param savedAt when the file was written, Unix ms: that is when the requests were there */
export async function* readCurl(pieces: AsyncIterable<Buffer>, savedAt: number): AsyncGenerator<ImportedEntry> {
  const script = (await whole(pieces, 'the script')).toString('latin1')
  let input: string | null = null
  let fed = ''
  for (const command of shellCommands(script)) {
    const at = `line ${command.line}`
    const words = command.words.slice(command.words.findIndex((word) => !beforeCommand.test(word)))
    const given: string | null = input
    input = command.pipes ? printed(words) : null
    fed = at
    if (command.fault !== null) yield { at, fault: command.fault }
    else if (/^(?:.*\/)?curl(?:\.exe)?$/.test(words[0] ?? '')) yield* exchangesOf(at, words.slice(1), given, savedAt)
    else if (!command.pipes || input === null) yield { at, leftOut: true }
  }
  if (input !== null) yield { at: fed, fault: 'the file ends behind its |' }
}

function* exchangesOf(at: string, words: readonly string[], input: string | null, savedAt: number): Generator<ImportedEntry> {
  try {
    for (const request of curlRequests(words, input)) yield importedEntry(at, () => curlExchange(request, savedAt))
  } catch (error) {
    if (!(error instanceof EntryFault)) throw error
    yield { at, fault: error.message }
  }
}
