/** What was captured, as the contract answers it, out of the reader threads. */

import { deletionsKnown, formatClock, parseClock } from '../../sdk/clock.ts'
import { invalidParams } from '../../sdk/errors.ts'
import { limits } from '../../sdk/limits.ts'
import type { Exchange } from '../../sdk/model.ts'
import type { Params, Result } from '../../sdk/protocol.ts'
import type { IndexMaker } from '../store/index-maker.ts'
import type { ChangesPage, Counted, ReaderSurface, SeqPage } from '../store/surface.ts'
import type { ChangeSignals } from './change-signals.ts'
import { refuseMalformed } from './clock.ts'
import { fillPage } from './page-filling.ts'
import type { SessionManager } from './session-manager.ts'

/** Runs a reading in a thread that may read. */
export interface Readers {
  run<N extends keyof ReaderSurface>(
    name: N,
    params: Parameters<ReaderSurface[N]>[0],
    signal?: AbortSignal,
  ): Promise<Awaited<ReturnType<ReaderSurface[N]>>>
}

type ListParams = Params<'exchange/list'>

export class ExchangeReader {
  readonly #readers: Readers
  readonly #sessions: SessionManager
  readonly #signals: ChangeSignals
  readonly #indexes: IndexMaker

  /** @param signals hears how far each record is seen to have come @param indexes makes what queries lack that are not answered at once */
  constructor(readers: Readers, sessions: SessionManager, signals: ChangeSignals, indexes: IndexMaker) {
    this.#readers = readers
    this.#sessions = sessions
    this.#signals = signals
    this.#indexes = indexes
  }

  async list(params: ListParams, signal: AbortSignal): Promise<Result<'exchange/list'>> {
    const { sessionId, since } = params
    const { file } = await this.#sessions.get(sessionId)
    return since === undefined ? this.#page(params, file, signal) : this.#changes(params, since, file, signal)
  }

  async get({ sessionId, seq, redact }: Params<'exchange/get'>, signal: AbortSignal): Promise<Exchange> {
    const { file } = await this.#sessions.get(sessionId)
    return this.#readers.run('get', { file, sessionId, seq, redact }, signal)
  }

  /** How many there are, or how many match; as of some moment while it counts. */
  async count({ sessionId, where = '' }: Params<'exchange/count'>, signal: AbortSignal): Promise<Result<'exchange/count'>> {
    const { file } = await this.#sessions.get(sessionId)
    let count = 0
    for (let after: number | null = 0; after !== null; ) {
      const slice: Counted = await this.#readers.run('count', { file, where, after }, signal)
      count += slice.count
      if (after !== 0 && slice.next === null) this.#indexes.want('columns', file, slice.behind)
      after = slice.next
    }
    return { count }
  }

  async readBody(params: Params<'exchange/readBody'>, signal: AbortSignal): Promise<Result<'exchange/readBody'>> {
    const { sessionId, seq, part, offset = 0, length = limits.readBodyDefault, decode = false, redact } = params
    const { file } = await this.#sessions.get(sessionId)
    const range = { offset, length: Math.min(length, limits.readBodyMaximum) }
    const { data, ...facts } = await this.#readers.run('readBody', { file, seq, part, ...range, decode, redact }, signal)
    return { data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'), ...facts }
  }

  async readText(params: Params<'exchange/readText'>, signal: AbortSignal): Promise<Result<'exchange/readText'>> {
    const { sessionId, seq, part, offset = 0, length = limits.readBodyDefault, redact } = params
    const { file } = await this.#sessions.get(sessionId)
    return this.#readers.run('readText', { file, seq, part, offset, length: Math.min(length, limits.readTextMaximum), redact }, signal)
  }

  async readForm(params: Params<'exchange/readForm'>, signal: AbortSignal): Promise<Result<'exchange/readForm'>> {
    const { sessionId, seq, part = 'request', since = 0, limit = limits.listDefault, redact } = params
    const { file } = await this.#sessions.get(sessionId)
    return this.#readers.run('readForm', { file, seq, part, since, limit, redact }, signal)
  }

  async readMessages(params: Params<'exchange/readMessages'>, signal: AbortSignal): Promise<Result<'exchange/readMessages'>> {
    const { sessionId, seq, since = 0, limit = limits.listDefault, decode = false, redact } = params
    const { file } = await this.#sessions.get(sessionId)
    return this.#readers.run('readMessages', { file, seq, since, limit, decode, redact }, signal)
  }

  async #page(params: ListParams, file: string, signal: AbortSignal): Promise<Result<'exchange/list'>> {
    const { sessionId, order = 'asc', limit = limits.listDefault, redact } = params
    const { items, first, last } = await fillPage<SeqPage>({ limit, ...whereOf(params) }, false, (query, slice) => {
      const [after, before] = [params.after ?? null, params.before ?? null]
      const place = order === 'asc' ? { after: slice?.next ?? after, before } : { after, before: slice?.next ?? before }
      return this.#readers.run('list', { file, sessionId, query: { ...query, order, ...place }, redact }, signal)
    })
    if (last !== first) this.#indexes.want('columns', file, last.behind)
    return { items, clock: this.#clockAt(sessionId, first.change), more: last.more }
  }

  async #changes(params: ListParams, clock: string, file: string, signal: AbortSignal): Promise<Result<'exchange/list'>> {
    const { sessionId } = params
    refuseMixture(params)
    refuseMalformed(clock)
    const since = parseClock(clock, sessionId)
    if (since === 0) return this.#everything(params, file, signal)
    if (since !== null) {
      const known = Math.max(since, deletionsKnown(clock))
      const { items, deleted, first, last } = await this.#since(params, since, known, file, signal)
      // A clock from the future is one of another file that had this id: it says nothing about this one.
      if (first.change >= since && first.forgotten <= known)
        return { items, deleted, clock: this.#clockAt(sessionId, last.change, known), more: last.more }
    }
    return { ...(await this.#everything(params, file, signal)), reset: true }
  }

  /** For those who know nothing, so that nothing needs to be taken back. */
  async #everything(params: ListParams, file: string, signal: AbortSignal): Promise<Result<'exchange/list'>> {
    const { items, first, last } = await this.#since(params, 0, Number.MAX_SAFE_INTEGER, file, signal)
    return { items, deleted: [], clock: this.#clockAt(params.sessionId, last.change, first.begunAt), more: last.more }
  }

  async #since(params: ListParams, since: number, known: number, file: string, signal: AbortSignal) {
    const { sessionId, limit = limits.listDefault, redact } = params
    const deleted: number[] = []
    const filled = await fillPage<ChangesPage>({ limit, ...whereOf(params) }, true, async (query, slice) => {
      const next = { ...query, since: slice?.change ?? since, known }
      const page = await this.#readers.run('changes', { file, sessionId, query: next, redact }, signal)
      deleted.push(...page.deleted)
      return page
    })
    return { ...filled, deleted }
  }

  #clockAt(sessionId: string, change: number, deletions = change): string {
    this.#signals.advanced(sessionId, change)
    return formatClock(sessionId, change, deletions)
  }
}

const whereOf = ({ where }: ListParams) => (where === undefined ? {} : { where })

/** Two ways of asking: a place in the order, or a point in time. */
function refuseMixture(params: ListParams): void {
  const mixed = (['order', 'before', 'after'] as const).filter((name) => params[name] !== undefined)
  if (mixed.length === 0) return
  const errors = mixed.map((name) => ({ path: `/${name}`, message: 'does not go with since' }))
  throw invalidParams('conflictingParams', `exchange/list: since lists changes, oldest first, and takes no ${mixed.join(', ')}`, errors)
}
