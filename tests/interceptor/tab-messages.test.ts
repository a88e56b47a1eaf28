/** Messages as the debugger of a tab tells them: each goes to the request that webRequest knows, once, whichever of the two is told first. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

interface Told {
  tabId: number
  requestId: string
}
interface Messages {
  find(wanted: object): Promise<Told | null>
  follow(followed: Told, follower: object): void
  hear(tabId: number, method: string, params: object): void
  leave(tabId: number, how: string): void
}

/** Its types are the browser's; here are none of those. */
async function tab({ isOn = true } = {}) {
  const file = '../../plugins/interceptor/extension/tab-messages.ts'
  const { TabMessages } = (await import(file)) as { TabMessages: new (tabs: object) => Messages }
  const messages = new TabMessages({ has: () => isOn })
  const say = (method: string, params: object) => messages.hear(1, method, { timestamp: 10, ...params })
  const told: string[] = []
  return {
    messages,
    say,
    told,
    opened: (requestId: string, accept: string) => {
      say('Network.webSocketCreated', { requestId, url: 'wss://a.test/' })
      say('Network.webSocketWillSendHandshakeRequest', { requestId, wallTime: 1_000_010 })
      say('Network.webSocketHandshakeResponseReceived', { requestId, response: { headers: { 'sec-websocket-accept': accept } } })
    },
    received: (requestId: string, text: string, timestamp = 10) =>
      say('Network.webSocketFrameReceived', { requestId, timestamp, response: { opcode: 1, payloadData: text } }),
    find: (accept: string | null, kind = 'socket') => messages.find({ tabId: 1, kind, url: 'wss://a.test/', accept }),
    follow: (followed: Told | null, name: string) =>
      messages.follow(followed as Told, {
        message: ({ index, at, text }: { index: number; at: number; text: string }) => told.push(`${name} ${index} ${at} ${text}`),
        missed: (from: number, to: number) => told.push(`${name} missed ${from} ${to}`),
        closed: ({ lost }: { lost: { message: string } | null }) => told.push(`${name} closed: ${lost?.message ?? 'in order'}`),
      }),
  }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('what came before its request is known is told then, with the time at which it came', async () => {
  const { opened, received, find, follow, told, say } = await tab()
  opened('w', 'x')
  received('w', 'one', 10.5)
  follow(await find('x'), 'a')
  received('w', 'two', 11)
  say('Network.webSocketClosed', { requestId: 'w' })
  received('w', 'after the end')
  expect(told).toEqual(['a 0 1000010500 one', 'a 1 1000011000 two', 'a closed: in order'])
})

it('a request that is known first waits for the debugger, not for ever', async () => {
  const { opened, received, find, follow, told } = await tab()
  const early = find('x')
  opened('w', 'x')
  follow(await early, 'a')
  received('w', 'one')
  expect(told).toEqual(['a 0 1000010000 one'])
  const never = find('y')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await never).toBeNull()
})

it('of two at one URL each has its own messages, by what the server accepted', async () => {
  const { opened, received, find, follow, told } = await tab()
  opened('w1', 'x')
  opened('w2', 'y')
  received('w2', 'of y')
  received('w1', 'of x')
  follow(await find('x'), 'a')
  follow(await find('y'), 'b')
  expect(told).toEqual(['a 0 1000010000 of x', 'b 0 1000010000 of y'])
})

it('of two event streams at one URL nobody can say whose messages are whose: they are told of neither', async () => {
  const { say, find } = await tab()
  const request = { url: 'wss://a.test/' }
  for (const requestId of ['e1', 'e2']) say('Network.requestWillBeSent', { requestId, type: 'EventSource', request, wallTime: 1 })
  const found = Promise.all([find(null, 'events'), find(null, 'events')])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await found).toEqual([null, null])
})

it('in a tab that is off nothing is looked for', async () => {
  const { find } = await tab({ isOn: false })
  expect(await find('x')).toBeNull()
})

it.each([
  ['another page takes the place of its own', 'Page.frameNavigated', { frame: {} }, 'its page, frame or worker was closed'],
  ['its page crashes', 'Inspector.targetCrashed', {}, 'its page crashed'],
])('a socket ends when %s', async (_, method, params, why) => {
  const { opened, find, follow, told, say } = await tab()
  opened('w', 'x')
  follow(await find('x'), 'a')
  say('Page.frameNavigated', { frame: { parentId: 'F' } })
  expect(told).toEqual([])
  say(method, params)
  expect(told).toEqual([`a closed: ${why}`])
})

it('a socket ends when its tab is turned off', async () => {
  const { opened, find, follow, told, messages } = await tab()
  opened('w', 'x')
  follow(await find('x'), 'a')
  messages.leave(1, 'takenAway')
  expect(told).toEqual(['a closed: the browser showed nothing more of its page: its debugger was detached'])
})

it('messages that nobody asks for are held up to a bound, and what was left out is said', async () => {
  const { opened, received, find, follow, told } = await tab()
  opened('w', 'x')
  for (const time of [11, 12, 13, 14]) received('w', 'x'.repeat(1_500_000), time)
  follow(await find('x'), 'a')
  expect(told.map((line) => line.slice(0, 30).trim())).toEqual([
    'a 0 1000011000 xxxxxxxxxxxxxxx',
    'a 1 1000012000 xxxxxxxxxxxxxxx',
    'a missed 1000013000 1000014000',
  ])
})
