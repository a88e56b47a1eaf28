import { expect, it } from 'vitest'
import type { Caller } from '../../daemon/rpc/call.ts'
import { Subscriptions } from '../../daemon/rpc/subscriptions.ts'
import { ChangeSignals } from '../../daemon/session/change-signals.ts'
import { ChangeTopics } from '../../daemon/session/change-topics.ts'
import type { ExchangeReader } from '../../daemon/session/exchange-reader.ts'

it('a client that reads nothing is read few pages for, however many subscriptions it has, and gets all once it reads', async () => {
  const signals = new ChangeSignals()
  let read = 0
  const list = async ({ since }: { since?: string }) => {
    if (since !== undefined) read++
    const items = since === undefined || since === 's.1' ? [] : [{}]
    return { items, clock: since === undefined ? 's.0' : 's.1', more: false }
  }
  const subscriptions = new Subscriptions(new ChangeTopics({ list } as unknown as ExchangeReader, signals))
  const sending: (() => void)[] = []
  const told = new Set<string>()
  const client = {
    closed: new Promise(() => undefined),
    send: (_: string, { subscriptionId }: { subscriptionId: string }) => {
      told.add(subscriptionId)
      return new Promise<void>((resolve) => sending.push(resolve))
    },
  } as unknown as Caller
  const ids: string[] = []
  signals.advanced('s', 1)
  for (let index = 0; index < 40; index++) {
    ids.push(await subscriptions.subscribe({ sessionId: 's', where: `note:${index}` }, client, new AbortController().signal))
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  await settled()
  await settled()
  expect([read, told.size]).toEqual([4, 4])
  for (let turn = 0; told.size < ids.length && turn < 1000; turn++) {
    for (const end of sending.splice(0)) end()
    await settled()
  }
  expect([...told].sort()).toEqual(ids.sort())
  for (const id of ids) subscriptions.unsubscribe(id, client)
})
