/** A request as the browser told of it, in the events of a source. */

import type { BrowserView } from '../../../sdk/browser-view.ts'
import type { Part } from '../../../sdk/model.ts'
import type { SourceEvent } from '../../../sdk/source.ts'
import type { Protocol } from '../cdp/protocol.ts'
import type { Targets } from '../cdp/targets.ts'
import type { CertificateTags } from '../certificate-tags.ts'
import { eventMessage } from '../extension/told-message.ts'
import type { Bodies, FoundBody } from './bodies.ts'
import type { BrowserClock } from './browser-clock.ts'
import { httpVersionOf, initiatorOf, resourceOf, servedFromOf } from './browser-words.ts'
import type { Chain } from './chain.ts'
import { headerFields } from './header-fields.ts'
import type { Hop, HopEnd } from './hop.ts'
import type { Pages } from './pages.ts'
import { cameOverNone, type ProxyUse } from './proxied.ts'

export interface TellingOptions {
  sourceId: string
  clock: BrowserClock
  targets: Pick<Targets, 'of'>
  pages: Pages
  bodies: Bodies
  proxyUse: ProxyUse
  tags: CertificateTags
  tell(event: SourceEvent): void
}

const pieceBytes = 1024 * 1024

export class Telling {
  readonly #options: TellingOptions

  constructor(options: TellingOptions) {
    this.#options = options
  }

  request({ id, asked }: Hop, session: string): void {
    const { clock, sourceId, targets, pages, tell } = this.#options
    const { request, requestId, documentURL, frameId, timestamp } = asked
    const target = targets.of(session)
    const worker = target?.type.endsWith('worker') ? target.url : undefined
    const initiator = initiatorOf(asked.initiator)
    const page = pages.urlFor(session)
    tell({
      kind: 'request',
      id,
      at: clock.at(timestamp),
      exchange: 'http',
      method: request.method,
      url: request.url,
      headers: headerFields(request.headers),
      view: {
        sourceId,
        requestId,
        resource: resourceOf(asked),
        ...(initiator && { initiator }),
        ...(page !== undefined && { page }),
        ...(frameId !== undefined && { frame: { id: frameId, ...(worker === undefined && { url: documentURL }) } }),
        ...(worker !== undefined && { worker }),
        priority: request.initialPriority,
      },
    })
  }

  response(hop: Hop, response: Protocol.Network.Response): void {
    const { clock, tell, proxyUse, tags } = this.#options
    const { id, rawRequest, rawResponse } = hop
    tags.read(response)
    const servedFrom = servedFromOf(response, hop.fromMemory)
    const fromNetwork = servedFrom === undefined && !cameOverNone(response)
    const proxied = fromNetwork && proxyUse.response(response)
    hop.isAlone = !proxied
    const headers = rawRequest && { headers: headerFields(rawRequest.headers) }
    if (headers || servedFrom) tell({ kind: 'more', id, ...headers, ...(servedFrom && { view: { servedFrom } }) })
    const { remoteIPAddress: address, remotePort: port, connectionId } = response
    tell({
      kind: 'response',
      id,
      at: clock.at(firstHeadAt(response) ?? hop.respondedAt),
      // Behind a 200 of the cache a 304 may have come.
      status: rawResponse?.statusCode ?? response.status,
      reason: rawResponse && rawResponse.statusCode !== response.status ? reasonIn(rawResponse.headersText) : response.statusText,
      httpVersion: httpVersionOf(response.protocol),
      headers: headerFields(rawResponse?.headers ?? response.headers),
      ...(proxied && connectionId > 0 && { connection: connectionId }),
      proxied,
      ...(!proxied && fromNetwork && address && port !== undefined && { server: { address, port } }),
    })
  }

  message(hop: Hop, told: Protocol.Network.EventSourceMessageReceivedEvent): void {
    if (hop.isAlone !== true) return
    const { clock, tell } = this.#options
    tell({ kind: 'message', id: hop.id, message: eventMessage(told, { index: hop.messages++, at: clock.at(told.timestamp) }) })
  }

  /** With the bodies that no proxy has. */
  async end({ requestId, session }: Chain, hop: Hop, { timestamp, failure, words, blocked, isRedirect }: HopEnd): Promise<void> {
    const { clock, tell, bodies, proxyUse } = this.#options
    const { id, asked, response, rawRequest } = hop
    // Now, for the bodies take their time.
    const at = timestamp === undefined ? clock.now() : clock.at(timestamp)
    if (!response && rawRequest) tell({ kind: 'more', id, headers: headerFields(rawRequest.headers) })
    // What the browser refused has gone nowhere.
    const wasRefused = blocked !== undefined && !rawRequest
    const untold = wasRefused ? 'past' : proxyUse.untold()
    const isAlone = hop.isAlone ?? untold === 'past'
    // Of a response that the page must not see (CORS) there are the raw heads only, and nothing else.
    const rawResponse = response === null ? hop.rawResponse : null
    if (rawResponse) {
      const { statusCode: status, headers, headersText } = rawResponse
      const httpVersion = headersText === undefined ? '2' : '1.1'
      tell({
        kind: 'response',
        id,
        at,
        status,
        reason: reasonIn(headersText),
        httpVersion,
        headers: headerFields(headers),
        proxied: !isAlone,
      })
    }
    // What may have gone either way is held until it is known which.
    if (isAlone || (hop.isAlone === null && untold === 'either')) {
      const sent = headerFields(rawRequest?.headers ?? asked.request.headers)
      this.#body(id, 'request', await bodies.request(session, requestId, asked.request, sent))
      if (response && !failure && !isRedirect && mayHaveBody(asked.request.method, response.status))
        this.#body(id, 'response', await bodies.response(session, requestId, hop, headerFields(response.headers)))
    }
    const view: Partial<BrowserView> = { ...(words && { failure: words }), ...(blocked !== undefined && { blocked }) }
    tell({
      kind: 'end',
      id,
      at,
      ...(failure && { failure }),
      ...(!response && !rawResponse && { proxied: !isAlone }),
      ...(Object.keys(view).length > 0 && { view }),
    })
  }

  #body(id: string, part: Part, { data, mark }: FoundBody): void {
    const { tell } = this.#options
    for (let at = 0; data !== null && at < data.length; at += pieceBytes)
      tell({ kind: 'body', id, part, data: data.subarray(at, at + pieceBytes) })
    if (mark) tell({ kind: 'more', id, view: part === 'request' ? { requestBody: mark } : { responseBody: mark } })
  }
}

/** When the first head came (1xx included), in the browser's seconds; null: over no connection. */
function firstHeadAt({ timing }: Protocol.Network.Response): number | null {
  return timing && timing.receiveHeadersStart > 0 ? timing.requestTime + timing.receiveHeadersStart / 1000 : null
}

/** The reason phrase of a head that begins with its status line; HTTP/2 has none. */
const reasonIn = (head: string | undefined): string => /^HTTP\/\S+ \d+ ?([^\r\n]*)/.exec(head ?? '')?.[1] ?? ''

const mayHaveBody = (method: string, status: number): boolean => method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304
