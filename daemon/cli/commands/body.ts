import type { Client } from '../../../sdk/client.ts'
import type { Part } from '../../../sdk/model.ts'
import type { CommandRun } from '../command.ts'
import { parsePart, parseSeq } from '../commands.ts'
import { type Context, withClient } from '../context.ts'
import { exits, UsageError } from '../exit.ts'
import { printableLines } from '../printable.ts'
import { formatBytes } from '../quantity.ts'
import { readableText } from '../readable-text.ts'
import { resolveSession } from '../session-argument.ts'

const pageBytes = 4 * 1024 * 1024

export const body: CommandRun = async (given, context) => {
  const seq = parseSeq(given.required('seq'))
  const part = parsePart(given.required('part'))
  return withClient(context, async (client) => {
    const { id } = await resolveSession(client, given.required('session'))
    await stream(context, client, { sessionId: id, seq, part, decode: given.flag('decode') })
    return exits.done
  })
}

interface Body {
  sessionId: string
  seq: number
  part: Part
  decode: boolean
}

async function stream({ out, err }: Context, client: Client, which: Body): Promise<void> {
  let offset = 0
  for (;;) {
    const { data, eof, truncated } = await client.call('exchange/readBody', { ...which, offset, length: pageBytes })
    const bytes = Buffer.from(data, 'base64')
    offset += bytes.length
    if (bytes.length > 0) await out.write(out.terminal ? forTerminal(bytes) : bytes)
    if (truncated && (eof || bytes.length === 0)) await err.line(`weir: only ${formatBytes(offset)} of this body were recorded`)
    else if (!eof && bytes.length === 0) await err.line(`weir: this body has not ended yet; these are its first ${formatBytes(offset)}`)
    if (eof || bytes.length === 0) return
  }
}

/** A program gets the bytes; a terminal gets text it cannot be fooled by. */
function forTerminal(bytes: Buffer): string {
  const text = readableText(bytes, '')
  if (text === null) throw new UsageError('this body is no text; send it to a file or a program: weir body ... > FILE')
  return printableLines(text)
}
