/** One thread of the reader pool: what a task names is run, and what it throws crosses as data. */
import { toWire, WeirError, type WireError } from '../../sdk/errors.ts'
import { asNotReadable } from './database.ts'
import { OpenReaders } from './open-readers.ts'
import type { ReaderSurface } from './surface.ts'

export type ReaderTask = { [N in keyof ReaderSurface]: { name: N; params: Parameters<ReaderSurface[N]>[0] } }[keyof ReaderSurface]
export interface ReaderOutcome {
  result?: unknown
  error?: WireError
  /** Of a failure that is not the caller's: for the log. */
  fault?: string
}

const readers = new OpenReaders()

const surface: ReaderSurface = {
  list: ({ file, sessionId, query }) => readers.of(file).list(query, sessionId),
  changes: ({ file, sessionId, since, limit }) => readers.of(file).changes(since, limit, sessionId),
  get: ({ file, sessionId, seq }) => readers.of(file).get(seq, sessionId),
  readBody: async ({ file, seq, part, offset, length, decode }) => {
    const range = readers.of(file).readBody(seq, part, offset, length, decode)
    // Memory of its own, so that it can be handed over.
    return { ...range, data: Uint8Array.from(range.data) }
  },
}

export default async function run({ name, params }: ReaderTask): Promise<ReaderOutcome> {
  try {
    const result = await surface[name](params as never)
    return { result }
  } catch (thrown) {
    const error = asNotReadable(thrown, 'the file of this session')
    if (error instanceof WeirError) return { error: toWire(error) }
    return { error: toWire(error), fault: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
