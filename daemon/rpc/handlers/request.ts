/** request/* */
import type { RequestSender } from '../../session/send/request-sender.ts'
import type { Handlers } from '../call.ts'

type Methods = Extract<keyof Handlers, `request/${string}`>

export const requestHandlers = (sender: RequestSender): Pick<Handlers, Methods> => ({
  'request/send': (params, call) => sender.send(params, call),
})
