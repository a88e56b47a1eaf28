/** exchange/delete and exchange/set: what users change of a record. */
import { invalidParams } from '../../sdk/errors.ts'
import type { Exchange } from '../../sdk/model.ts'
import type { Params, Result } from '../../sdk/protocol.ts'
import type { ExchangeReader } from './exchange-reader.ts'
import type { SessionManager } from './session-manager.ts'

/** Deleted by one call of the recorder: what else is asked of the session comes between. */
const batchExchanges = 5_000
const pageExchanges = 1_000

export class ExchangeEditor {
  readonly #sessions: SessionManager
  readonly #exchanges: ExchangeReader

  constructor(sessions: SessionManager, exchanges: ExchangeReader) {
    this.#sessions = sessions
    this.#exchanges = exchanges
  }

  /** With a query those that match when it is their turn; what begins meanwhile stays. */
  async delete({ sessionId, seq, where }: Params<'exchange/delete'>, signal: AbortSignal): Promise<Result<'exchange/delete'>> {
    if ((seq === undefined) === (where === undefined)) throw oneOfThem()
    if (seq !== undefined) {
      // 1001 where there is none.
      await this.#sessions.settled(sessionId)
      await this.#exchanges.get({ sessionId, seq }, signal)
      return { deleted: await this.#deleteBatch(sessionId, [seq]) }
    }
    let deleted = 0
    for await (const seqs of this.#matching(sessionId, where as string, signal)) deleted += await this.#deleteBatch(sessionId, seqs)
    return { deleted }
  }

  async set({ sessionId, seq, tags, note }: Params<'exchange/set'>, signal: AbortSignal): Promise<Exchange> {
    const change = { ...(tags && { tags }), ...(note !== undefined && { note }) }
    await this.#sessions.edit(sessionId, (recorder, session) => recorder.call('annotateExchange', { ...session, seq, change }))
    return this.#exchanges.get({ sessionId, seq }, signal)
  }

  async *#matching(sessionId: string, where: string, signal: AbortSignal): AsyncGenerator<number[]> {
    await this.#sessions.settled(sessionId)
    const newest = await this.#exchanges.list({ sessionId, order: 'desc', limit: 1 }, signal)
    const before = (newest.items[0]?.seq ?? 0) + 1
    let seqs: number[] = []
    for (let after = 0, more = true; more; ) {
      const page = await this.#exchanges.list({ sessionId, where, order: 'asc', after, before, limit: pageExchanges }, signal)
      for (const { seq } of page.items) seqs.push(seq)
      after = page.items.at(-1)?.seq ?? after
      more = page.more && page.items.length > 0
      if (more && seqs.length < batchExchanges) continue
      yield seqs
      seqs = []
    }
  }

  async #deleteBatch(sessionId: string, seqs: number[]): Promise<number> {
    if (seqs.length === 0) return 0
    const { deleted } = await this.#sessions.edit(sessionId, (recorder, session) => recorder.call('deleteExchanges', { ...session, seqs }))
    return deleted
  }
}

function oneOfThem() {
  const message = 'exchange/delete takes either seq, for one exchange, or where, for all that match'
  return invalidParams('conflictingParams', message, [{ path: '/where', message: 'goes without seq, and seq without it' }])
}
