/** One thread of the reader pool: what a task names is run, and what it throws crosses as data. */
import { workerData } from 'node:worker_threads'
import { toWire, WeirError, type WireError } from '../../sdk/errors.ts'
import { readForm } from './body-form.ts'
import { readText } from './body-text.ts'
import { asNotReadable } from './database.ts'
import { MessageDecoding } from './message-decoding.ts'
import { OpenReaders } from './open-readers.ts'
import { RedactedReads } from './redacted-reads.ts'
import type { ReaderSurface } from './surface.ts'

export type ReaderTask = { [N in keyof ReaderSurface]: { name: N; params: Parameters<ReaderSurface[N]>[0] } }[keyof ReaderSurface]
export interface ReaderOutcome {
  result?: unknown
  error?: WireError
  /** Of a failure that is not the caller's: for the log. */
  fault?: string
}

/** What the pool gives each thread. */
export interface ReaderThreadData {
  protos: readonly string[]
  home: string
}

const readers = new OpenReaders()
const { protos, home } = workerData as ReaderThreadData
const decoding = new MessageDecoding(protos)
const redacted = new RedactedReads(home)

const surface: ReaderSurface = {
  list: ({ file, sessionId, query, redact }) => redacted.exchanges(readers.of(file).list(query, sessionId), redact),
  changes: ({ file, sessionId, query, redact }) => redacted.exchanges(readers.of(file).changes(query, sessionId), redact),
  count: ({ file, where, after }) => readers.of(file).count(where, after),
  overview: ({ file, where, by, after }) => readers.of(file).overview(where, by, after),
  search: ({ file, query, redact }) => readers.of(file).search(query, redacted.texts(redact)),
  get: ({ file, sessionId, seq, redact }) => redacted.exchange(readers.of(file).get(seq, sessionId), redact),
  cookieChanges: ({ file, after, limit, domain, until, redact }) =>
    redacted.cookieChanges(readers.of(file).cookieChanges(after, limit, domain, until), redact),
  readMessages: async ({ file, seq, since, limit, decode, redact }) => {
    if (decode) await decoding.ready()
    return redacted.messages(readers.of(file).readMessages(seq, since, limit, decode ? decoding : null), redact)
  },
  protoProblems: async () => {
    await decoding.ready()
    return decoding.problems
  },
  readBody: async ({ file, seq, part, offset, length, decode, redact }) => {
    const range = await redacted.body(readers.of(file), seq, part, { offset, length, decode }, redact)
    // Memory of its own, so that it can be handed over.
    return { ...range, data: Uint8Array.from(range.data) }
  },
  readText: async ({ file, seq, part, offset, length, redact }) =>
    readText(await redacted.content(readers.of(file), seq, part, redact), offset, length),
  readForm: async ({ file, seq, part, since, limit, redact }) =>
    readForm(await redacted.content(readers.of(file), seq, part, redact), since, limit),
  pathKeys: ({ keys, redact }) => redacted.pathKeys(keys, redact),
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
