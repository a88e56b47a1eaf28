/** cookie/list: what the Set-Cookie and Cookie fields of sessions changed, out of the reader threads. */
import type { CookieChange } from '../../sdk/cookie/changes.ts'
import { CookieState } from '../../sdk/cookie/seen-cookies.ts'
import { invalidParams } from '../../sdk/errors.ts'
import { limits } from '../../sdk/limits.ts'
import type { Session } from '../../sdk/model.ts'
import type { Params, Result } from '../../sdk/protocol.ts'
import type { Redact } from '../../sdk/redaction/settings.ts'
import type { CookieChangesSlice, StoredCookieChange } from '../store/surface.ts'
import type { Readers } from './exchange-reader.ts'
import type { SessionManager } from './session-manager.ts'

type ListParams = Params<'cookie/list'>

/** What is asked of one session. */
interface Wanted {
  session: Session
  domain: string | null
  redact: Redact | undefined
}

export class CookieLister {
  readonly #readers: Readers
  readonly #sessions: SessionManager

  constructor(readers: Readers, sessions: SessionManager) {
    this.#readers = readers
    this.#sessions = sessions
  }

  async list(params: ListParams, signal: AbortSignal): Promise<Result<'cookie/list'>> {
    const { sessionId, domain = null, after = 0, limit = limits.listDefault, redact } = params
    if (sessionId === undefined && params.after !== undefined) {
      const message = 'goes with sessionId: indexes count within one session'
      throw invalidParams('conflictingParams', `cookie/list: after ${message}`, [{ path: '/after', message }])
    }
    const sessions = sessionId === undefined ? await this.#sessions.list() : [await this.#sessions.get(sessionId)]
    const items: CookieChange[] = []
    for (const session of sessions) {
      const wanted = { session, domain, redact }
      const found = params.at === undefined ? this.#since(wanted, after, signal) : this.#inForce(wanted, params.at, after, signal)
      for await (const change of found) {
        if (items.length === limit) return { items, more: true }
        items.push(onWire(session.id, change))
      }
    }
    return { items, more: false }
  }

  async *#since(
    { session, domain, redact }: Wanted,
    after: number,
    signal: AbortSignal,
    until = farAway,
  ): AsyncGenerator<StoredCookieChange> {
    for (let next: number | null = after; next !== null; ) {
      const params = { file: session.file, after: next, limit: sliceLimit, domain, until, redact }
      const slice: CookieChangesSlice = await this.#readers.run('cookieChanges', params, signal)
      yield* slice.items
      next = slice.next
    }
  }

  /** By index. */
  async *#inForce(wanted: Wanted, at: number, after: number, signal: AbortSignal): AsyncGenerator<StoredCookieChange> {
    const state = new CookieState<StoredCookieChange>()
    for await (const change of this.#since(wanted, 0, signal, at)) state.apply(change)
    const held = state.at(at).filter(({ index }) => index > after)
    yield* held.sort((a, b) => a.index - b.index)
  }
}

/** Changes a slice. */
const sliceLimit = 1_000
/** Unix ms. */
const farAway = Number.MAX_SAFE_INTEGER / 1000

const onWire = (sessionId: string, { index, seq, at, cause, reason, cookie }: StoredCookieChange): CookieChange => ({
  index,
  sessionId,
  seq,
  at,
  cause,
  ...(reason !== null && { reason }),
  cookie,
})
