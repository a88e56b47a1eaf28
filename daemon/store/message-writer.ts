/** Puts the messages inside of exchanges into the session file. */
import type { Database, Statement } from './database.ts'
import { microseconds } from './exchange-row.ts'
import { nextId } from './next-id.ts'
import type { ExchangeRecord, MessageRecord } from './records.ts'

/** What an exchange held before the running transaction. */
interface Before {
  record: ExchangeRecord
  messages: MessageRecord[]
}

/** `write` changes records at once; `keep` or `forget` follows each transaction. */
export class MessageWriter {
  #insert: Statement
  #nextId: number
  #before: Before[] = []

  constructor(db: Database) {
    this.#insert = db.prepare(
      'INSERT INTO message (id, seq, number, at, direction, type, text, data, size, event, event_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    )
    this.#nextId = nextId(db, 'message')
  }

  /** Stores those that wait, and empties their list. How many they were. */
  write(record: ExchangeRecord): number {
    const { messages } = record
    if (messages === null) return 0
    this.#before.push({ record, messages })
    record.messages = null
    let number = record.messageCount - messages.length
    for (const { at, direction, type, text, data, size, event, id } of messages) {
      this.#insert.run(this.#nextId++, record.seq, number++, microseconds(at), direction, type, text, data, size, event, id)
    }
    return messages.length
  }

  /** The transaction was committed. */
  keep(): void {
    if (this.#before.length > 0) this.#before = []
  }

  /** The transaction was rolled back: what was waiting waits again. */
  forget(): void {
    for (const { record, messages } of this.#before) record.messages = messages
    this.#before = []
  }
}
