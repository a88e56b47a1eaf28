/** `weir export SESSION EXPORTER --follow`: until the session stops or a signal comes; then it says up to which clock all is delivered. */
import { resolve } from 'node:path'
import type { Client } from '../../sdk/client.ts'
import { WeirError } from '../../sdk/errors.ts'
import type { Params, Result } from '../../sdk/protocol.ts'
import type { Context } from './context.ts'
import { UsageError } from './exit.ts'
import type { Given } from './given.ts'
import { printable } from './printable.ts'
import { formatBytes, plural } from './quantity.ts'

type Run = Params<'exporter/run'>

interface Progress {
  data?: string
  clock?: string
  trouble?: string | null
}

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Batches that lie ready; with more of them nothing is read, and the daemon waits. */
const mostReady = 4

/** What of the options only an export that follows takes. @throws UsageError */
export function refuseFollowing(given: Given): void {
  const alone = ['since', 'to'].filter((name) => given.text(name) !== undefined)
  if (given.list('header').length > 0) alone.push('header')
  if (alone.length > 0) throw new UsageError(`--${alone[0]} goes with --follow: without it the export ends with what is on record`)
}

/** Standard output has what is exported and nothing else. */
export async function followExport(context: Context, client: Client, run: Run, given: Given): Promise<Result<'exporter/run'>> {
  const ending = new AbortController()
  const end = () => ending.abort()
  for (const signal of endings) process.on(signal, end)
  const reader = new BatchReader(context, client)
  const trouble = new Troubles(context)
  try {
    const call = client.call(
      'exporter/run',
      { ...run, follow: true, ...receiver(given) },
      {
        signal: ending.signal,
        onProgress: (value) => {
          reader.heard(value as Progress)
          trouble.heard(value as Progress)
        },
      },
    )
    // A reader that is gone (weir export ... | head) is the end.
    const written = reader.write(call).catch((error: unknown) => {
      end()
      throw error
    })
    const [result] = await Promise.all([call, written])
    return result
  } catch (error) {
    const reached = reader.clock ?? (error instanceof WeirError ? error.data.clock : undefined)
    if (reached !== undefined) await context.err.line(`weir: delivered up to ${printable(String(reached))}, for --since`)
    throw error
  } finally {
    for (const signal of endings) process.off(signal, end)
  }
}

/** @throws UsageError */
function receiver(given: Given): Pick<Run, 'out' | 'to' | 'since'> {
  const [out, url, since] = [given.text('out'), given.text('to'), given.text('since')]
  const headers = given.list('header').map(parseHeader)
  if (out !== undefined && url !== undefined) throw new UsageError('--out and --to are two places: choose one')
  if (headers.length > 0 && url === undefined) throw new UsageError('--header goes with --to')
  return {
    ...(out !== undefined && { out: resolve(out) }),
    ...(url !== undefined && { to: { url, headers } }),
    ...(since !== undefined && { since }),
  }
}

function parseHeader(text: string): [string, string] {
  const split = text.indexOf(':')
  if (split < 1) throw new UsageError(`--header takes 'Name: value', not ${JSON.stringify(text)}`)
  return [text.slice(0, split).trim(), text.slice(split + 1).trim()]
}

/** For a person, on standard error. */
export async function tellFollowed({ err }: Context, { exchanges, bytes, clock = '', deleted = 0 }: Result<'exporter/run'>): Promise<void> {
  const gone = deleted > 0 ? `; ${plural(deleted, 'exchange')} deleted from the session meanwhile` : ''
  await err.line(`weir: ${plural(exchanges, 'exchange')}, ${formatBytes(bytes)}, up to ${clock}${gone}`)
}

/** Batches for standard output: each is written whole, or not. */
class BatchReader {
  /** Of the last batch that was written. */
  clock: string | undefined
  readonly #context: Context
  readonly #client: Client
  #pieces: Buffer[] = []
  #ready: { bytes: Buffer; clock: string }[] = []
  #wake: () => void = () => undefined

  constructor(context: Context, client: Client) {
    this.#context = context
    this.#client = client
  }

  heard({ data, clock }: Progress): void {
    if (data !== undefined) this.#pieces.push(Buffer.from(data, 'base64'))
    else if (clock !== undefined && this.#pieces.length > 0) {
      this.#ready.push({ bytes: Buffer.concat(this.#pieces), clock })
      this.#pieces = []
      if (this.#ready.length >= mostReady) this.#client.pause()
      this.#wake()
    }
  }

  /** Until the call has ended and all is written. */
  async write(call: Promise<unknown>): Promise<void> {
    let isOver = false
    const over = () => {
      isOver = true
      this.#wake()
    }
    call.then(over, over)
    for (;;) {
      const batch = this.#ready.shift()
      if (batch) {
        if (this.#ready.length === 0) this.#client.resume()
        await this.#context.out.write(batch.bytes)
        this.clock = batch.clock
      } else if (isOver) return
      else await new Promise<void>((wake) => (this.#wake = wake))
    }
  }
}

/** An endpoint that is away is told of once, and so is its return. */
class Troubles {
  readonly #context: Context
  #last: string | null = null

  constructor(context: Context) {
    this.#context = context
  }

  heard({ trouble }: Progress): void {
    if (trouble === undefined || trouble === this.#last) return
    this.#last = trouble
    const words = trouble === null ? 'delivered again' : `${trouble}; what is not delivered is kept, and tried again`
    this.#context.err.line(`weir: ${printable(words)}`).catch(() => undefined)
  }
}
