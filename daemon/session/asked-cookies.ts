/** The cookies of a browser whose extension is asked for them over its own connection, and answers by a call. */
import type { CookieKey } from '../../sdk/cookie/cookie.ts'
import { partitionKeyOf, partitionOf } from '../../sdk/cookie/partition.ts'
import { unavailable } from '../../sdk/errors.ts'
import type { CookieTarget, CookieTargetChange, PulledCookies } from '../../sdk/plugin.ts'
import type { NotificationParams, Params } from '../../sdk/protocol.ts'

/** Less than a target is given, ms. */
const answerMs = 8_000

type Ask = NotificationParams<'source/ask'>
export type CookieAnswer = Omit<Params<'source/answer'>, 'sourceId' | 'ask'>

interface Waiting {
  resolve(answer: CookieAnswer): void
  reject(error: Error): void
}

export class AskedCookies implements CookieTarget {
  readonly #send: (ask: Omit<Ask, 'sourceId'>) => Promise<void>
  readonly #waiting = new Map<number, Waiting>()
  #asks = 0

  /** @param send rejects when the extension is not connected */
  constructor(send: (ask: Omit<Ask, 'sourceId'>) => Promise<void>) {
    this.#send = send
  }

  async push(changes: readonly CookieTargetChange[]): Promise<void> {
    await this.#ask({
      put: changes.flatMap((change) => ('put' in change ? [told(change.put)] : [])),
      gone: changes.flatMap((change) => ('gone' in change ? [told(change.gone)] : [])),
    })
  }

  async pull(): Promise<PulledCookies | null> {
    const { cookies, at = Date.now() } = await this.#ask({})
    if (!cookies) return null
    const held = cookies.map(({ partition, ...cookie }) => ({
      ...cookie,
      partitionKey: partition === null ? null : partitionKeyOf(partition, cookie.domain),
    }))
    return { cookies: held, at }
  }

  /** Of a question that nobody waits for any more it is nothing. */
  answer(ask: number, answer: CookieAnswer): void {
    const waiting = this.#waiting.get(ask)
    if (answer.error === undefined) waiting?.resolve(answer)
    else waiting?.reject(unavailable('targetFailed', `the browser says: ${answer.error}`))
  }

  async #ask(question: Omit<Ask, 'sourceId' | 'ask'>): Promise<CookieAnswer> {
    const ask = ++this.#asks
    const { promise, resolve, reject } = Promise.withResolvers<CookieAnswer>()
    this.#waiting.set(ask, { resolve, reject })
    const late = setTimeout(() => reject(unavailable('targetFailed', 'the extension does not answer')), answerMs)
    try {
      await this.#send({ ask, ...question })
      return await promise
    } finally {
      clearTimeout(late)
      this.#waiting.delete(ask)
    }
  }
}

const told = <Key extends CookieKey>({ partitionKey, ...cookie }: Key) => ({
  ...cookie,
  partition: partitionKey === null ? null : partitionOf(partitionKey, cookie.domain),
})
