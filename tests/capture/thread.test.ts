import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import { expect, it, onTestFinished, vi } from 'vitest'
import type { RecorderEvents, RecorderSurface } from '../../daemon/capture/surface.ts'
import { entry } from '../../daemon/thread/entry.ts'
import { ThreadLink } from '../../daemon/thread/link.ts'
import { temporaryHome } from '../support/home.ts'
import { WireScript } from './wire-script.ts'

it('the recorder runs as a thread: calls, batches and events cross it', async () => {
  const home = await temporaryHome()
  const worker = new Worker(entry(import.meta.url, '../../daemon/capture/thread'))
  onTestFinished(async () => void (await worker.terminate()))
  const advanced: number[] = []
  const events: RecorderEvents = {
    advanced: ({ change }) => void advanced.push(change),
    filterFailed: () => undefined,
    full: () => undefined,
    sent: () => undefined,
    log: () => undefined,
  }
  const link = new ThreadLink<RecorderSurface>(worker, events, () => undefined)
  expect(await link.call('openCatalogue', { home })).toEqual({ entries: [] })
  expect(await link.call('openSession', { id: 'one', file: join(home, 'one.weir'), handle: 5 })).toMatchObject({ handle: 5, change: 0 })
  await expect(link.call('pauseSession', { handle: 6, paused: true })).rejects.toMatchObject({ code: 1001 })
  const { port1, port2 } = new MessageChannel()
  onTestFinished(() => port2.close())
  await link.call('attachProxy', { port: port1 }, [port1])
  const script = new WireScript().opened(1, { session: 5 }).client(1, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  const batch = script.origin(1, 'HTTP/1.1 204 No Content\r\n\r\n').closed(1).listenerClosed(5).sessionClosed(5).batch()
  port2.postMessage(batch, [batch.bytes])
  await vi.waitFor(() => expect(advanced).toEqual([1]))
  expect((await link.call('closeSession', { handle: 5, reason: 'sessionStopped' })).counts.exchanges).toBe(1)
})
