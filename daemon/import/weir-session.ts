/** Session files, weir's own: of another home, of the exporter sqlite, of an older weir. They are read as an export reads them, and all that is in them comes in. */
import { CookieChange } from '../../sdk/cookie/changes.ts'
import { unavailable, WeirError } from '../../sdk/errors.ts'
import { Exchange, Message } from '../../sdk/model.ts'
import type { ExportedExchange } from '../../sdk/plugin.ts'
import { Validator } from '../../sdk/validation.ts'
import { CookieReader } from '../store/cookie-reader.ts'
import { isDiskFull, openForReading, openForWriting } from '../store/database.ts'
import { Unstorable } from '../store/exchange-records.ts'
import { openExchangeScan } from '../store/exchange-scan.ts'
import type { GapRecord } from '../store/records.ts'
import { gapsOf, SessionCopy } from '../store/session-copy.ts'
import type { SessionFile } from '../store/session-file.ts'
import { layOut, sessionKind } from '../store/session-layout.ts'
import type { StoredCookieChange } from '../store/surface.ts'
import { EntryFault } from './imported-exchange.ts'
import { countOf } from './json-values.ts'
import { copyBeside, withOwnCopy } from './own-copy.ts'

const sliceChanges = 1000
const damaged = 'the file is damaged there, or no weir has written it'

/** SQLite's header, with the mark of a session file at offset 68. */
export const isSessionFile = (text: string): boolean => text.startsWith('SQLite format 3\0') && text.slice(68, 72) === 'weir'

export interface SessionCopying {
  path: string
  /** Beside which the work is done. */
  file: string
  into: SessionFile
  /** Which part of it has been read, 0 to 1. */
  read(part: number): void
  /** May throw: then nothing is imported. */
  malformed(at: string, message: string): void
}

/** Seqs, sources, times, tags, notes, gaps and cookie changes are those of the file. @throws 1005 fileNotReadable, notReadable and newerFile */
export async function copyWeirSession({ path, file, into, read, malformed }: SessionCopying): Promise<void> {
  await withOwnCopy(path, copyBeside(file), async (copy) => {
    try {
      // To the layout of this weir.
      openForWriting(copy, sessionKind, layOut).close()
      const { lastSeq, filtered, gaps } = factsOf(copy)
      const work = new SessionCopy(into, 'the file that was imported')
      for await (const exchange of checkedExchanges(copy, malformed)) {
        await addTo(work, exchange, malformed)
        read(exchange.seq / lastSeq)
      }
      work.end(gaps, filtered)
      into.addCookieChanges(cookieChanges(copy, malformed))
    } catch (error) {
      if (!isOurs(error))
        throw unavailable('notReadable', `${path} cannot be read: it is damaged, or no weir has written it; nothing was imported`)
      // By the name that its user knows.
      throw error instanceof WeirError ? new WeirError(error.code, error.reason, error.message.replaceAll(copy, path), error.data) : error
    }
  })
}

function factsOf(copy: string): { lastSeq: number; filtered: number; gaps: GapRecord[] } {
  const db = openForReading(copy, sessionKind)
  try {
    const { lastSeq, filtered } = Object(db.prepare('SELECT last_seq AS lastSeq, filtered FROM progress').get()) as Record<string, unknown>
    return { lastSeq: countOf(lastSeq), filtered: countOf(filtered), gaps: gapsOf(db) }
  } finally {
    db.close()
  }
}

async function addTo(work: SessionCopy, exchange: ExportedExchange, malformed: SessionCopying['malformed']): Promise<void> {
  try {
    await work.add(exchange)
  } catch (error) {
    if (isOurs(error)) throw error
    const isFault = error instanceof Unstorable || error instanceof EntryFault
    malformed(`exchange ${exchange.seq}`, isFault ? error.message : damaged)
  }
}

/** Anybody may have written the file: what it says is what the protocol says, or it does not come in. Ends where it cannot be read. */
async function* checkedExchanges(copy: string, malformed: SessionCopying['malformed']): AsyncGenerator<ExportedExchange> {
  const validator = new Validator()
  let before = 0
  try {
    for await (const exchange of openExchangeScan(copy, '')) {
      before = exchange.seq
      const [wrong] = validator.check(Exchange, exchange)
      if (wrong) malformed(`exchange ${exchange.seq}`, `${wrong.path} ${wrong.message}`)
      else yield { ...exchange, messages: () => checkedMessages(exchange, validator) }
    }
  } catch (error) {
    if (isOurs(error)) throw error
    malformed(before === 0 ? 'the first exchange' : `after exchange ${before}`, damaged)
  }
}

async function* checkedMessages(exchange: ExportedExchange, validator: Validator): AsyncGenerator<Message> {
  for await (const message of exchange.messages()) {
    const [wrong] = validator.check(Message, message)
    if (wrong) throw new EntryFault(`message ${message.index}: ${wrong.path} ${wrong.message}`)
    yield message
  }
}

/** Nothing that reading the file has done: that ends in errors of any kind. */
const isOurs = (error: unknown): boolean => error instanceof WeirError || isDiskFull(error)

function* cookieChanges(copy: string, malformed: SessionCopying['malformed']): Generator<StoredCookieChange> {
  const db = openForReading(copy, sessionKind)
  const validator = new Validator()
  let next: number | null = 0
  try {
    const reader = new CookieReader(db)
    while (next !== null) {
      const slice = reader.changes(next, sliceChanges, null, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY)
      for (const change of slice.items) {
        if (isValid(change, validator)) yield change
        else malformed(`cookie change ${change.index}`, damaged)
      }
      next = slice.next
    }
  } catch (error) {
    if (isOurs(error)) throw error
    malformed(`after cookie change ${next}`, damaged)
  } finally {
    db.close()
  }
}

const isValid = ({ reason, ...change }: StoredCookieChange, validator: Validator): boolean =>
  validator.check(CookieChange, { ...change, sessionId: '', ...(reason !== null && { reason }) }).length === 0
