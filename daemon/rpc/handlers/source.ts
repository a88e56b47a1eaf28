/** source/* */
import { type FeedClient, feedKind, type SourceFeeds } from '../../session/source-feeds.ts'
import type { Sources } from '../../session/sources.ts'
import type { Caller, Handlers } from '../call.ts'
import { mayHear } from '../rights.ts'

type Methods = Extract<keyof Handlers, `source/${string}`>

export const sourceHandlers = (sources: Sources, feeds: SourceFeeds): Pick<Handlers, Methods> => ({
  'source/start': (params, { client, signal }) => {
    if (params.kind !== feedKind) return sources.start(params, signal)
    const { sessionId, config } = params
    return feeds.start({ sessionId, browser: nameOf(config?.browser) }, feedClient(client))
  },
  'source/feed': async (params, { client }) => ({ acknowledged: await feeds.feed(params, feedClient(client)) }),
  'source/answer': ({ sourceId, ask, ...answer }, { client }) => {
    feeds.answer(sourceId, ask, answer, feedClient(client))
    return {}
  },
  'source/list': (params) => sources.list(params),
  'source/stop': async ({ sourceId }) => {
    await sources.stop(sourceId)
    return {}
  },
})

const feedClient = (client: Caller): FeedClient => ({
  owner: client.grant?.tokenId ?? null,
  mayBeAsked: mayHear(client.grant, 'source/ask'),
  send: (notification, params) => client.send(notification, params),
})

const nameOf = (browser: unknown): string => (typeof browser === 'string' && browser !== '' ? browser.slice(0, 100) : 'a browser')
