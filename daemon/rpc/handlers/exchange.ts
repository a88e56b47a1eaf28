/** exchange/* */
import type { ExchangeReader } from '../../session/exchange-reader.ts'
import type { Handlers } from '../call.ts'

type Methods = Extract<keyof Handlers, `exchange/${string}`>

export const exchangeHandlers = (exchanges: ExchangeReader): Pick<Handlers, Methods> => ({
  'exchange/list': (params, { signal }) => exchanges.list(params, signal),
  'exchange/get': ({ sessionId, seq }, { signal }) => exchanges.get(sessionId, seq, signal),
  'exchange/readBody': (params, { signal }) => exchanges.readBody(params, signal),
})
