/**
 * Sources that tell over the RPC, as the extension does: their events are numbered from 1, and each is taken once, however often it
 * is sent. What is known of a source outlives its connections.
 */
import { setTimeout } from 'node:timers/promises'
import { conflict, invalidParams, notFound, unavailable, WeirError } from '../../sdk/errors.ts'
import type { NotificationParams, Params, Result } from '../../sdk/protocol.ts'
import type { SourceEvent } from '../../sdk/source.ts'
import { fedEventSchemas } from '../../sdk/source-feed.ts'
import { Validator } from '../../sdk/validation.ts'
import { AskedCookies, type CookieAnswer } from './asked-cookies.ts'
import type { JoinedSource, Sources } from './sources.ts'

/** Of the RPC; the name is taken before plugins are asked. */
export const feedKind = 'extension'

/** Who calls. */
export interface FeedClient {
  /** Of its token; null: the user. */
  owner: string | null
  /** `source/ask` tells what cookies there are. Whoever may not hear it is no source of cookies. */
  mayBeAsked: boolean
  send(notification: 'source/ask', params: NotificationParams<'source/ask'>): Promise<void>
}

interface Feed {
  /** null: it joins. */
  source: JoinedSource | null
  /** Who spoke for it last. */
  client: FeedClient
  cookies: AskedCookies
  acknowledged: number
  /** What came before is taken first. */
  taking: Promise<unknown>
}

export interface FeedStart {
  sessionId: string
  /** As it calls itself. */
  browser: string
}

export class SourceFeeds {
  readonly #sources: Pick<Sources, 'join'>
  readonly #feeds = new Map<string, Feed>()
  readonly #validator = new Validator()

  constructor(sources: Pick<Sources, 'join'>) {
    this.#sources = sources
  }

  /** Rejects with 1001 sessionNotFound, 1002 sessionStopped. */
  async start({ sessionId, browser }: FeedStart, client: FeedClient): Promise<Result<'source/start'>> {
    const cookies = new AskedCookies((ask) => feed.client.send('source/ask', { sourceId: feed.source?.info.id ?? '', ...ask }))
    const feed: Feed = { source: null, client, cookies, acknowledged: 0, taking: Promise.resolve() }
    const stop = async (withinMs: number) => {
      if (feed.source) this.#feeds.delete(feed.source.info.id)
      const late = new AbortController()
      await Promise.race([
        feed.taking.catch(() => undefined),
        setTimeout(withinMs, undefined, { signal: late.signal }).catch(() => undefined),
      ])
      late.abort()
    }
    const body = { stop, cookies: client.mayBeAsked ? cookies : null }
    const joined = await this.#sources.join({ kind: feedKind, sessionId, browser, notes: [...notes], attached: false }, body)
    feed.source = joined
    this.#feeds.set(joined.info.id, feed)
    return { sourceId: joined.info.id, browser, notes: [...notes] }
  }

  /**
   * Resolves with the number up to which all events are taken. Rejects with 1001 sourceNotFound; 1002 eventsMissing (data.acknowledged) when there is a
   * hole before `from`; -32602 invalidEvent: none of the call was taken.
   */
  async feed({ sourceId, from, events }: Params<'source/feed'>, client: FeedClient): Promise<number> {
    const feed = this.#of(sourceId, client)
    const checked = events.map((event, index) => asSourceEvent(this.#check(event, index), sourceId))
    const turn = feed.taking.catch(() => undefined).then(() => this.#take(feed, from, checked))
    feed.taking = turn
    return turn
  }

  /** Rejects with 1001 sourceNotFound. */
  answer(sourceId: string, ask: number, answer: CookieAnswer, client: FeedClient): void {
    this.#of(sourceId, client).cookies.answer(ask, answer)
  }

  #of(sourceId: string, client: FeedClient): Feed {
    const feed = this.#feeds.get(sourceId)
    if (!feed) throw notFound('sourceNotFound', 'there is no such source any more; source/start makes another')
    if (client.owner !== null && feed.client.owner !== client.owner) throw foreign()
    if (client.owner === feed.client.owner) feed.client = client
    return feed
  }

  async #take(feed: Feed, from: number, events: readonly SourceEvent[]): Promise<number> {
    if (from > feed.acknowledged + 1) throw missing(feed.acknowledged)
    const fresh = events.slice(feed.acknowledged + 1 - from)
    if (fresh.length > 0) await feed.source?.take(fresh)
    feed.acknowledged += fresh.length
    return feed.acknowledged
  }

  #check(event: { kind: string }, index: number): SourceEvent {
    const errors = this.#validator.check(fedEventSchemas.get(event.kind) ?? {}, event)
    const [first] = errors
    if (first) {
      const at = errors.slice(0, 20).map(({ path, message }) => ({ path: `/events/${index}${path}`, message }))
      throw invalidParams('invalidEvent', `source/feed: ${at[0]?.path} ${first.message}; none of these events was taken`, at)
    }
    return event as SourceEvent
  }
}

/** What its user should know. */
const notes = [
  'of requests it knows what the browser tells extensions: header fields that are added last are missing, and so are bodies from files',
  'bodies of responses come from tabs where its popup was told so',
]

const foreign = () => unavailable('notAllowed', "this source is another client's; source/start makes one of your own")

const missing = (acknowledged: number): WeirError => {
  const { code, reason, message } = conflict('eventsMissing', `events after number ${acknowledged} are missing: send them first`)
  return new WeirError(code, reason, message, { acknowledged })
}

function asSourceEvent(event: SourceEvent, sourceId: string): SourceEvent {
  if (event.kind === 'body' && typeof event.data === 'string') return { ...event, data: Buffer.from(event.data, 'base64') }
  if (event.kind === 'request') return { ...event, view: { ...event.view, sourceId, requestId: event.id } }
  return event
}
