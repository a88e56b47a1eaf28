/** One request on its way: a redirect is its end, and what follows it is another. */

import type { Failure } from '../../../sdk/model.ts'
import type { Protocol } from '../cdp/protocol.ts'

/** In the browser's seconds; absent: now. */
export interface HopEnd {
  timestamp?: number
  failure?: Failure
  /** In the browser's own words. */
  words?: string
  blocked?: string
  isRedirect?: true
  /** There may have been a response, of which raw heads only are told, before or after. */
  mayHaveHeads?: true
}

export class Hop {
  /** Of its events. */
  readonly id: string
  readonly asked: Protocol.Network.RequestWillBeSentEvent
  fromMemory = false
  response: Protocol.Network.Response | null = null
  /** In the browser's seconds. */
  respondedAt = 0
  /** Whether its heads as they were on the wire come on their own, before or after; null: not known before there is a response. */
  hasRaw: boolean | null = null
  rawRequest: Protocol.Network.RequestWillBeSentExtraInfoEvent | null = null
  rawResponse: Protocol.Network.ResponseReceivedExtraInfoEvent | null = null
  /** What is missing of them was awaited long enough. */
  isOverdue = false
  awaited: NodeJS.Timeout | undefined
  end: HopEnd | null = null
  /** Its response is told. */
  isTold = false
  /** Nothing but the browser has seen it; null: not known yet. */
  isAlone: boolean | null = null
  /** Bytes of its body, without Content-Encoding and as it was received. */
  size = 0
  wireSize = 0
  /** In its body. */
  messages = 0

  constructor(id: string, asked: Protocol.Network.RequestWillBeSentEvent) {
    this.id = id
    this.asked = asked
  }

  /** Its response can be told, or its end without one. */
  get isReady(): boolean {
    if (this.response === null) return this.end !== null && (this.end.mayHaveHeads !== true || this.isOverdue || this.rawResponse !== null)
    if (this.hasRaw !== true || this.isOverdue) return true
    return this.rawRequest !== null && this.rawResponse !== null
  }
}
