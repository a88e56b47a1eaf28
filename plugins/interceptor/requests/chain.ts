/** A request as the browser counts it: one id for all redirects. The raw heads of each hop come in order, but on their own. */
import type { Protocol } from '../cdp/protocol.ts'
import type { Hop } from './hop.ts'

export class Chain {
  readonly requestId: string
  /** Where it is watched; a frame that moves to a process of its own takes its document along. */
  session: string
  /** Those that are not over. */
  hops: Hop[] = []
  /** How many there were. */
  count = 0
  readonly #rawRequests: Protocol.Network.RequestWillBeSentExtraInfoEvent[] = []
  readonly #rawResponses: Protocol.Network.ResponseReceivedExtraInfoEvent[] = []
  #rawSession: string | null = null

  constructor(requestId: string, session: string) {
    this.requestId = requestId
    this.session = session
  }

  /** The one that is going on. */
  get current(): Hop | undefined {
    return this.hops.at(-1)
  }

  /** Whether that is the redirect of the current hop, wherever it is told, and not one that was told already. */
  goesOn({ url }: Protocol.Network.Response, timestamp: number): boolean {
    const asked = this.current?.asked
    return asked === undefined || (withoutFragment(url) === withoutFragment(asked.request.url) && timestamp > asked.timestamp)
  }

  /** The session that tells of it from now on: a redirect to another site is told where its document will be. */
  moveTo(session: string): void {
    if (session === this.session) return
    this.session = session
    this.#rawSession = session
  }

  addRawRequest(told: Protocol.Network.RequestWillBeSentExtraInfoEvent, session: string): void {
    if (this.#isFirstTeller(session)) this.#rawRequests.push(told)
  }

  addRawResponse(told: Protocol.Network.ResponseReceivedExtraInfoEvent, session: string): void {
    if (this.#isFirstTeller(session)) this.#rawResponses.push(told)
  }

  /** Each hop gets its own, once it is known to have some. One that failed without a response gets what there is. */
  giveRawHeads(): void {
    for (const hop of this.hops) {
      if (hop.hasRaw === false) continue
      if (hop.hasRaw === null && hop.end === null) return
      hop.rawRequest ??= this.#rawRequests.shift() ?? null
      hop.rawResponse ??= this.#rawResponses.shift() ?? null
      if (!hop.isReady) return
    }
  }

  /** A page and its worker may both tell of the same request. */
  #isFirstTeller(session: string): boolean {
    this.#rawSession ??= session
    return this.#rawSession === session
  }
}

const withoutFragment = (url: string): string => url.split('#', 1)[0] ?? ''
