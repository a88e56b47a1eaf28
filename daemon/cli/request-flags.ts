/** What the command line says of a request to send. */
import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { limits } from '../../sdk/limits.ts'
import type { Params } from '../../sdk/protocol.ts'
import { CommandFailed, UsageError } from './exit.ts'
import { formatBytes } from './quantity.ts'

type Body = NonNullable<Params<'request/send'>['request']['body']>

/** As base64 in one RPC message, with room for the rest of it. */
const mostBytes = (limits.frameBytes / 4) * 3 - 256 * 1024

/** DATA itself, @FILE, or @- for standard input. */
export async function readData(data: string | undefined, input: Readable): Promise<{ body?: Body }> {
  if (data === undefined) return {}
  if (!data.startsWith('@')) return { body: data }
  const file = data.slice(1)
  const bytes = file === '-' ? await buffer(input) : await readFile(file)
  if (bytes.length > mostBytes)
    throw new CommandFailed(`a body of at most ${formatBytes(mostBytes)} can be sent, not ${formatBytes(bytes.length)}`)
  return { body: { base64: bytes.toString('base64') } }
}

/** `[METHOD] URL`. */
export function parseRequestLine(words: readonly string[], hasBody: boolean): { method: string; url: string } {
  const [first = '', second, ...more] = words
  if (more.length > 0) throw new UsageError(`weir send takes [METHOD] URL, not ${words.length} words: quote what belongs together`)
  return second === undefined ? { method: hasBody ? 'POST' : 'GET', url: first } : { method: first, url: second }
}
