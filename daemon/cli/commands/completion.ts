import type { CommandRun } from '../command.ts'
import { commands } from '../commands.ts'
import { completionScript } from '../completion-script.ts'
import { type Candidate, candidates } from '../completion-words.ts'
import type { Context } from '../context.ts'
import { exits, UsageError } from '../exit.ts'
import { printable } from '../printable.ts'
import { plural } from '../quantity.ts'
import { listSessions } from '../session-argument.ts'
import { type Shell, shells } from '../shells.ts'

export const completion: CommandRun = async (given, context) => {
  const shell = given.required('shell')
  if (shell === 'words') {
    await context.out.write(await answer(context, given.rest('words')))
    return exits.done
  }
  if (!isShell(shell)) throw new UsageError(`SHELL is one of ${shells.join(', ')}, not ${JSON.stringify(shell)}`)
  await context.out.write(completionScript(shell))
  return exits.done
}

const isShell = (word: string): word is Shell => shells.some((shell) => shell === word)

async function answer(context: Context, words: readonly string[]): Promise<string> {
  const found = candidates(commands, words)
  const current = words.at(-1) ?? ''
  const asked = found.also === 'session' ? await sessionWords(context) : found.also === 'jar' ? await jarWords(context) : []
  const known = asked.filter(({ text }) => text.startsWith(current))
  const lines = [...found.words, ...known].map(({ text, summary }) => (summary ? `${text}\t${summary}` : text))
  if (found.also === 'file' || found.also === 'command') lines.push(`:${found.also}`)
  return lines.map((line) => `${line}\n`).join('')
}

/** None when no daemon runs: a Tab starts nothing. */
async function sessionWords({ connectRunning }: Context): Promise<Candidate[]> {
  const client = await connectRunning()
  if (!client) return []
  const sessions = await listSessions(client).finally(() => client.close())
  const words = new Map<string, string>([['last', 'the newest session']])
  for (const { name, id, state } of sessions.toReversed()) {
    if (name === printable(name) && !words.has(name)) words.set(name, state)
    words.set(id, printable(name))
  }
  return [...words].map(([text, summary]) => ({ text, summary }))
}

async function jarWords({ connectRunning }: Context): Promise<Candidate[]> {
  const client = await connectRunning()
  if (!client) return []
  const { items } = await client.call('jar/list', {}).finally(() => client.close())
  return items
    .filter(({ name }) => name === printable(name))
    .map(({ name, cookies }) => ({ text: name, summary: plural(cookies, 'cookie') }))
}
