/** WebSockets as a browser tells of them: when they began, and what ends them. */
import { expect, it } from 'vitest'
import type { WatchedTarget } from '../../plugins/interceptor/cdp/targets.ts'
import { BrowserClock } from '../../plugins/interceptor/requests/browser-clock.ts'
import { Pages } from '../../plugins/interceptor/requests/pages.ts'
import { never } from '../../plugins/interceptor/requests/proxied.ts'
import { WebSockets } from '../../plugins/interceptor/requests/web-sockets.ts'
import type { SourceEvent } from '../../sdk/source.ts'
import { toldRequests } from '../support/browser-source.ts'

const page: WatchedTarget = { session: 'page', targetId: 'F', type: 'page', url: 'https://a.example/', parent: null }
const wallTime = 1_800_000_000

/** A browser whose clock is ours, at so many ms. */
function setUp() {
  let now = 0
  const events: SourceEvent[] = []
  const clock = new BrowserClock(
    () => wallTime * 1000 + now,
    () => now,
  )
  const targets = { of: () => page, watchDocuments: () => undefined, pageOf: () => page }
  const tell = (event: SourceEvent) => void events.push(event)
  const { handlers } = new WebSockets({ sourceId: 's', clock, targets, pages: new Pages(targets), proxyUse: never, tell })
  const say = (method: keyof typeof handlers, params: object) =>
    (handlers[method] as (params: object, session: string) => void)(params, 'page')
  return {
    told: () => toldRequests(events),
    passes: (ms: number) => {
      now += ms
    },
    created: () => say('Network.webSocketCreated', { requestId: 'w', url: 'wss://a.example/', initiator: { type: 'script' } }),
    asks: (ms: number) =>
      say('Network.webSocketWillSendHandshakeRequest', {
        requestId: 'w',
        timestamp: ms / 1000,
        wallTime: wallTime + ms / 1000,
        request: { headers: {} },
      }),
  }
}

it.each([
  ['its creation, where the handshake followed', 10, 40, 10],
  ['its handshake, where what was told of its creation had to wait', 200, 40, 40],
])('a socket began with %s', (_, createdAt, askedAt, at) => {
  const { told, passes, created, asks } = setUp()
  passes(createdAt)
  created()
  passes(200)
  asks(askedAt)
  expect(told()).toMatchObject([{ url: 'wss://a.example/', exchange: 'websocket' }])
  expect(told()[0]?.at).toBeCloseTo(wallTime * 1000 + at, 1)
})
