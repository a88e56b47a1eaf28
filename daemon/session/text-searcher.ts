/** exchange/search: a text in what was captured, as the contract answers it. */

import { limits } from '../../sdk/limits.ts'
import type { Params, Result } from '../../sdk/protocol.ts'
import type { SearchHit } from '../../sdk/search-hit.ts'
import type { IndexMaker } from '../store/index-maker.ts'
import type { Readers } from './exchange-reader.ts'
import type { SessionManager } from './session-manager.ts'

export class TextSearcher {
  readonly #readers: Readers
  readonly #sessions: SessionManager
  readonly #indexes: IndexMaker

  constructor(readers: Readers, sessions: SessionManager, indexes: IndexMaker) {
    this.#readers = readers
    this.#sessions = sessions
    this.#indexes = indexes
  }

  /** Slice by slice, so that other calls come between. */
  async search(params: Params<'exchange/search'>, signal: AbortSignal): Promise<Result<'exchange/search'>> {
    const { sessionId, text, caseSensitive = false, parts = null, limit = limits.searchDefault, redact } = params
    const { file } = await this.#sessions.settled(sessionId)
    const items: SearchHit[] = []
    let before = params.before ?? Number.MAX_SAFE_INTEGER
    while (before > 0 && items.length < limit) {
      const query = { text, caseSensitive, parts, before, limit: limit - items.length }
      const slice = await this.#readers.run('search', { file, query, redact }, signal)
      items.push(...slice.hits)
      before = slice.before
      this.#indexes.want('text', file, slice.unindexed)
    }
    return { items, more: before > 0, ...(before > 0 && { next: before }) }
  }
}
