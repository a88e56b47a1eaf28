/** What was captured, as the contract answers it, out of the reader threads. */
import { invalidParams } from '../../sdk/errors.ts'
import type { Exchange } from '../../sdk/model.ts'
import { formatClock, limits, type Params, parseClock, type Result } from '../../sdk/protocol.ts'
import type { ReaderSurface } from '../store/surface.ts'
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

  constructor(readers: Readers, sessions: SessionManager) {
    this.#readers = readers
    this.#sessions = sessions
  }

  async list(params: ListParams, signal: AbortSignal): Promise<Result<'exchange/list'>> {
    const { sessionId, since } = params
    const { file } = await this.#sessions.get(sessionId)
    return since === undefined ? this.#page(params, file, signal) : this.#changes(params, since, file, signal)
  }

  async get(sessionId: string, seq: number, signal: AbortSignal): Promise<Exchange> {
    const { file } = await this.#sessions.get(sessionId)
    return this.#readers.run('get', { file, sessionId, seq }, signal)
  }

  async readBody(params: Params<'exchange/readBody'>, signal: AbortSignal): Promise<Result<'exchange/readBody'>> {
    const { sessionId, seq, part, offset = 0, length = limits.readBodyDefault, decode = false } = params
    const { file } = await this.#sessions.get(sessionId)
    const range = { offset, length: Math.min(length, limits.readBodyMaximum) }
    const { data, ...facts } = await this.#readers.run('readBody', { file, seq, part, ...range, decode }, signal)
    return { data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'), ...facts }
  }

  async #page(params: ListParams, file: string, signal: AbortSignal): Promise<Result<'exchange/list'>> {
    const { sessionId, order = 'asc', before = null, after = null, limit = limits.listDefault } = params
    const query = { order, before, after, limit }
    const { items, change, more } = await this.#readers.run('list', { file, sessionId, query }, signal)
    return { items, clock: formatClock(sessionId, change), more }
  }

  async #changes(params: ListParams, clock: string, file: string, signal: AbortSignal): Promise<Result<'exchange/list'>> {
    const { sessionId, limit = limits.listDefault } = params
    refuseMixture(params)
    const since = parseClock(clock, sessionId)
    const page = await this.#readers.run('changes', { file, sessionId, since: since ?? 0, limit }, signal)
    // A clock from the future is one of another file that had this id: it says nothing about this one.
    const isForeign = since === null || page.change < since
    const { items, deleted, change, more } =
      isForeign && since !== null ? await this.#readers.run('changes', { file, sessionId, since: 0, limit }, signal) : page
    return { items, deleted, clock: formatClock(sessionId, change), more, ...(isForeign && { reset: true }) }
  }
}

/** Two ways of asking: a place in the order, or a point in time. */
function refuseMixture(params: ListParams): void {
  const mixed = (['order', 'before', 'after'] as const).filter((name) => params[name] !== undefined)
  if (mixed.length === 0) return
  const errors = mixed.map((name) => ({ path: `/${name}`, message: 'does not go with since' }))
  throw invalidParams('conflictingParams', `exchange/list: since lists changes, oldest first, and takes no ${mixed.join(', ')}`, errors)
}
