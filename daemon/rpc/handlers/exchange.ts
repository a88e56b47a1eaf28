/** exchange/* */
import type { ExchangeEditor } from '../../session/exchange-editor.ts'
import type { ExchangeReader } from '../../session/exchange-reader.ts'
import type { ExchangeWaiter } from '../../session/exchange-waiter.ts'
import type { ExchangeReplayer } from '../../session/send/exchange-replayer.ts'
import type { TextSearcher } from '../../session/text-searcher.ts'
import type { Handlers } from '../call.ts'
import type { Subscriptions } from '../subscriptions.ts'

type Methods = Extract<keyof Handlers, `exchange/${string}`>

export const exchangeHandlers = (
  exchanges: ExchangeReader,
  editor: ExchangeEditor,
  waiter: ExchangeWaiter,
  subscriptions: Subscriptions,
  searcher: TextSearcher,
  replayer: ExchangeReplayer,
): Pick<Handlers, Methods> => ({
  'exchange/list': (params, { signal }) => exchanges.list(params, signal),
  'exchange/count': (params, { signal }) => exchanges.count(params, signal),
  'exchange/search': (params, { signal }) => searcher.search(params, signal),
  'exchange/subscribe': async (params, { client, signal }) => ({ subscriptionId: await subscriptions.subscribe(params, client, signal) }),
  'exchange/unsubscribe': ({ subscriptionId }, { client }) => {
    subscriptions.unsubscribe(subscriptionId, client)
    return {}
  },
  'exchange/wait': (params, { signal }) => waiter.wait(params, signal),
  'exchange/delete': (params, { signal }) => editor.delete(params, signal),
  'exchange/set': (params, { signal }) => editor.set(params, signal),
  'exchange/get': (params, { signal }) => exchanges.get(params, signal),
  'exchange/readBody': (params, { signal }) => exchanges.readBody(params, signal),
  'exchange/readText': (params, { signal }) => exchanges.readText(params, signal),
  'exchange/readForm': (params, { signal }) => exchanges.readForm(params, signal),
  'exchange/replay': (params, call) => replayer.replay(params, call),
  'exchange/readMessages': (params, { signal }) => exchanges.readMessages(params, signal),
})
