/** What a browser says of its pages as they end, and what it said before it is stopped: nothing of it is lost in silence. */
import { expect, test } from 'vitest'
import { Capture } from '../../plugins/interceptor/capture.ts'
import type { Transport } from '../../plugins/interceptor/cdp/transport.ts'
import { BrowserClock } from '../../plugins/interceptor/requests/browser-clock.ts'
import { always } from '../../plugins/interceptor/requests/proxied.ts'
import type { SourceRun } from '../../sdk/plugin.ts'
import type { SourceEvent } from '../../sdk/source.ts'
import { toldRequests } from '../support/browser-source.ts'

const url = 'https://a.example/x'

/** A browser with one page. What it is asked it answers at once, but for those methods. */
async function browserWithPage(unanswered: readonly string[] = []) {
  const events: SourceEvent[] = []
  const asked: { id: number; method: string }[] = []
  let hear: (message: object) => void = () => undefined
  const transport: Transport = {
    listen: ({ message }) => {
      hear = (told) => message(JSON.stringify(told))
    },
    send: (text) => {
      const { id, method } = JSON.parse(text)
      asked.push({ id, method })
      if (!unanswered.includes(method)) queueMicrotask(() => hear({ id, result: { product: 'Chromium/1' } }))
    },
    close: () => undefined,
  }
  const emit = async (more: readonly SourceEvent[]) => void events.push(...more)
  const run = { sourceId: 's', session: { proxy: null }, tagDomain: 'w.tag.weir.invalid', emit } as unknown as SourceRun
  const capture = new Capture({ run, log: () => undefined, clock: new BrowserClock(), transport, proxyUse: always, away: 'it is gone' })
  await capture.start()
  const page = { targetId: 'F', type: 'page', url: 'about:blank' }
  hear({ method: 'Target.attachedToTarget', params: { sessionId: 'page', targetInfo: page, waitingForDebugger: false } })
  const say = (method: string, params: object) => hear({ method, params, sessionId: 'page' })
  const begin = (requestId: string) =>
    say('Network.requestWillBeSent', {
      requestId,
      documentURL: url,
      timestamp: 100,
      wallTime: Date.now() / 1000,
      type: 'Fetch',
      initiator: { type: 'script' },
      request: { url, method: 'GET', headers: {}, initialPriority: 'High' },
    })
  return { capture, asked, say, hear: (message: object) => hear(message), begin, events }
}

test.each([
  ['canceled_by_user', 'notRecorded', true],
  ['replaced_with_devtools', 'notRecorded', true],
  ['Render process gone.', 'clientAborted', true],
  ['target_closed', 'clientAborted', false],
])('a page whose debugger is detached (%s): what was open ends, and what follows is a gap', async (reason, failure, isLost) => {
  const { capture, say, begin, events } = await browserWithPage()
  begin('open')
  say('Inspector.detached', { reason })
  // Of a page that is not watched any more nothing more is known.
  say('Network.loadingFinished', { requestId: 'open', timestamp: 101 })
  await capture.stop()
  expect(toldRequests(events).map((told) => told.failure?.reason)).toEqual([failure])
  expect(events.some(({ kind }) => kind === 'lost')).toBe(isLost)
})

test('what its pages had told when it is stopped is heard first', async () => {
  const { capture, asked, hear, say, begin, events } = await browserWithPage(['Runtime.runIfWaitingForDebugger'])
  begin('r')
  const stopped = capture.heard().then(() => capture.stop())
  const isAsked = ({ method }: { method: string }) => method === 'Runtime.runIfWaitingForDebugger'
  const response = { url, status: 200, statusText: 'OK', headers: {}, protocol: 'h2', connectionId: 7 }
  say('Network.responseReceived', { requestId: 'r', timestamp: 100.5, hasExtraInfo: false, response })
  say('Network.loadingFinished', { requestId: 'r', timestamp: 101 })
  hear({ id: asked.find(isAsked)?.id, result: {}, sessionId: 'page' })
  await stopped
  expect(toldRequests(events)).toMatchObject([{ response: { status: 200, connection: 7 }, end: { kind: 'end' } }])
  expect(toldRequests(events)[0]?.failure).toBeUndefined()
})

test('a page that stands still is not waited for', async () => {
  const { capture, begin, events } = await browserWithPage(['Runtime.runIfWaitingForDebugger'])
  begin('r')
  await capture.heard()
  await capture.stop()
  expect(toldRequests(events).map(({ failure }) => failure?.reason)).toEqual(['notRecorded'])
})

test('a browser of another version, whose words are not understood: a gap, and it goes on', async () => {
  const { capture, say, begin, events } = await browserWithPage()
  say('Network.requestWillBeSent', { requestId: 'strange' })
  begin('r')
  say('Network.ofTomorrow', {})
  say('Network.loadingFinished', { requestId: 'r', timestamp: 101 })
  await capture.stop()
  expect(events.filter(({ kind }) => kind === 'lost')).toHaveLength(1)
  expect(toldRequests(events).map(({ at, end }) => [Number.isFinite(at), Number.isFinite(end?.at)])).toEqual([[true, true]])
})
