/** The requests that weir is sending. */
import type { Policy } from '../policy.ts'
import type { Services } from '../services.ts'
import type { ProxyEvents, SendParams } from '../surface.ts'
import { requestBody } from './request-body.ts'
import { type SendEnd, sendRequest } from './send.ts'

interface Running {
  session: number
  controller: AbortController
}

export class Sends {
  #readBody: ProxyEvents['sendBody']
  #running = new Map<number, Running>()

  constructor(readBody: ProxyEvents['sendBody']) {
    this.#readBody = readBody
  }

  /** Resolves when it has ended, whichever way. Rejects when its body cannot be read. */
  async run(services: Services, policy: Policy, { send, session, request, timeoutMs }: SendParams): Promise<void> {
    const controller = new AbortController()
    const end = (why: SendEnd) => controller.abort(why)
    const timer = setTimeout(end, timeoutMs, 'late')
    this.#running.set(send, { session, controller })
    try {
      const body = requestBody(request.bodyBytes, (offset) => this.#readBody({ send, offset }))
      await sendRequest(services, { send, session, request, policy, body, signal: controller.signal })
    } finally {
      clearTimeout(timer)
      this.#running.delete(send)
      policy.keyLog?.close()
      services.queue.flush()
    }
  }

  abort(send: number): void {
    this.#running.get(send)?.controller.abort('cancelled' satisfies SendEnd)
  }

  closeSession(session: number): void {
    for (const [send, running] of this.#running) if (running.session === session) this.abort(send)
  }
}
