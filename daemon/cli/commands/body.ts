import type { Client } from '../../../sdk/client.ts'
import type { Part } from '../../../sdk/model.ts'
import type { Redact } from '../../../sdk/redaction/settings.ts'
import type { CommandRun } from '../command.ts'
import { parsePart, parseSeq } from '../commands.ts'
import { type Context, withClient } from '../context.ts'
import { exits, UsageError } from '../exit.ts'
import type { Output } from '../output.ts'
import { printableLines } from '../printable.ts'
import { formatBytes } from '../quantity.ts'
import { readableTexts } from '../readable-text.ts'
import { redactParam } from '../redact-option.ts'
import { resolveSession } from '../session-argument.ts'

/** A multiple of three, so that the base64 of the pages is that of the body. */
const pageBytes = 3 * 1024 * 1024

export const body: CommandRun = async (given, context) => {
  const seq = parseSeq(given.required('seq'))
  const part = parsePart(given.required('part'))
  return withClient(context, async (client) => {
    const { id } = await resolveSession(client, given.required('session'))
    const which = { sessionId: id, seq, part, decode: given.flag('decode'), ...redactParam(given) }
    if (given.flag('text') && given.flag('json')) throw new UsageError('--text and --json exclude each other')
    if (which.redact !== undefined && !which.decode && !given.flag('text'))
      throw new UsageError('--redact needs --decode or --text: secrets are found in bodies without their Content-Encoding')
    if (given.flag('text')) await writeText(context, client, which)
    else if (given.flag('json')) await writeJsonBody(context, client, which)
    else await writeBody(context, client, which)
    return exits.done
  })
}

interface Body {
  sessionId: string
  seq: number
  part: Part
  decode: boolean
  redact?: Redact
}

async function* pages(client: Client, which: Body) {
  for (let offset = 0; ; ) {
    const { data, size, eof, truncated } = await client.call('exchange/readBody', { ...which, offset, length: pageBytes })
    const bytes = Buffer.from(data, 'base64')
    offset += bytes.length
    const isLast = eof || bytes.length === 0
    yield { bytes, offset, size, eof, truncated, isLast }
    if (isLast) return
  }
}

async function writeText({ out, err }: Context, client: Client, { decode: _, ...which }: Body): Promise<void> {
  for (let offset = 0; ; ) {
    const { text, charset, malformed, next, eof, truncated } = await client.call('exchange/readText', { ...which, offset })
    await out.write(out.terminal ? printableLines(text) : text)
    if (malformed) await err.line(`weir: from byte ${offset} on it is not all ${charset}: what is none stands as \ufffd`)
    if (eof || next === offset) return sayEnd(err, { eof, truncated, offset: next })
    offset = next
  }
}

export async function writeBody({ out, err }: Context, client: Client, which: Body): Promise<void> {
  const text = forTerminal()
  for await (const { bytes, offset, eof, truncated, isLast } of pages(client, which)) {
    if (bytes.length > 0) await out.write(out.terminal ? text(bytes) : bytes)
    if (isLast) await sayEnd(err, { eof, truncated, offset })
  }
}

async function sayEnd(err: Output, { eof, truncated, offset }: { eof: boolean; truncated: boolean; offset: number }): Promise<void> {
  if (truncated) await err.line(`weir: only ${formatBytes(offset)} of this body were recorded`)
  else if (!eof) await err.line(`weir: this body has not ended yet; these are its first ${formatBytes(offset)}`)
}

/** One object: what names the body, its bytes as base64, and the last answer's `size`, `eof` and `truncated`. */
async function writeJsonBody({ out }: Context, client: Client, which: Body): Promise<void> {
  await out.write(`${JSON.stringify(which).slice(0, -1)},"data":"`)
  for await (const { bytes, size, eof, truncated, isLast } of pages(client, which)) {
    await out.write(bytes.toString('base64'))
    if (isLast) await out.line(`",${JSON.stringify({ size, eof, truncated }).slice(1)}`)
  }
}

/** A program gets the bytes; a terminal gets text it cannot be fooled by. */
function forTerminal(): (bytes: Buffer) => string {
  const texts = readableTexts('')
  return (bytes) => {
    const text = texts(bytes)
    if (text === null) throw new UsageError('this body is no text; send it to a file or a program: weir body ... > FILE')
    return printableLines(text)
  }
}
