/** Spans into an OpenTelemetry collector while a session is captured: each once, whatever happens to the daemon. */
import { hostname } from 'node:os'
import { expect, test, vi } from 'vitest'
import otlp from '../../plugins/exporters/otlp.ts'
import { startDaemon } from '../support/daemon.ts'
import { capturing, follow, type Receiver, startReceiver } from '../support/followed.ts'
import { comparable, sentBySdk } from '../support/opentelemetry.ts'
import { type ReadSpan, readTraces } from '../support/otlp.ts'
import { getThrough } from '../support/through-proxy.ts'

const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const parent = '00f067aa0ba902b7'

const spansOf = ({ batches }: Receiver): ReadSpan[] => batches.flatMap(({ text }) => readTraces(text))
const seqs = (receiver: Receiver): unknown[] => spansOf(receiver).map(({ attributes }) => attributes.get('weir.seq'))

test('the spans of two machines meet in the trace that their requests carry, without secrets', async () => {
  const receiver = await startReceiver()
  for (const token of ['tok-of-one-4242', 'tok-of-two-4242']) {
    const { client, sessionId, ask, url } = await capturing()
    const { result } = follow(client, { sessionId, exporter: 'otlp', to: { url: receiver.url } })
    await ask(`/orders?access_token=${token}`, { traceparent: `00-${trace}-${parent}-01`, tracestate: 'vendor=1' })
    await client.call('session/stop', { sessionId })
    expect(await result).toMatchObject({ exchanges: 1, ended: 'stopped', redacted: { level: 'standard' } })
    const last = spansOf(receiver).at(-1)
    expect(last).toMatchObject({ traceId: trace, parentSpanId: parent, traceState: 'vendor=1', name: 'GET' })
    expect(last?.attributes.get('url.full')).toMatch(new RegExp(`^${url}/orders\\?access_token=(?!tok-of)`))
  }
  const [one, two] = spansOf(receiver)
  expect(one?.spanId).not.toBe(two?.spanId)
  expect(receiver.batches[0]?.headers).toMatchObject({ 'content-type': 'application/json' })
  expect(receiver.taken()).not.toMatch(/tok-of/)
})

test("what the collector receives is what OpenTelemetry's own SDK would send for what was captured", async () => {
  const receiver = await startReceiver()
  const { client, sessionId, ask } = await capturing(
    (request, response) => void response.writeHead(request.url === '/gone' ? 410 : 200).end(),
  )
  const { result } = follow(client, { sessionId, exporter: 'otlp', to: { url: receiver.url }, options: { service: 'shop' } })
  await ask('/orders?page=2', { traceparent: `00-${trace}-${parent}-01`, tracestate: 'vendor=1,other=2', 'user-agent': 'shop/1.0' })
  await ask('/gone', {})
  await client.call('session/stop', { sessionId })
  await result
  const read = spansOf(receiver)
  expect(read).toHaveLength(2)
  expect(Object.fromEntries(read[0]?.resource ?? [])).toEqual({
    'service.name': 'shop',
    'host.name': hostname(),
    'weir.session.id': sessionId,
    'weir.session.name': 'live',
  })
  for (const { text } of receiver.batches) {
    const spans = readTraces(text)
    const exchanges = await Promise.all(
      spans.map((span) => client.call('exchange/get', { sessionId, seq: span.attributes.get('weir.seq') as number })),
    )
    const sdk = sentBySdk(Object.fromEntries(spans[0]?.resource ?? []) as { [key: string]: string }, otlp.version, exchanges, spans)
    expect(comparable(sdk)).toMatchObject(comparable(text) as object)
    expect(readTraces(sdk)).toEqual(spans)
  }
})

test('a daemon that is killed goes on where the last batch was delivered: no span twice, none missing', async () => {
  const receiver = await startReceiver()
  const first = await capturing()
  const { sessionId } = first
  const following = follow(first.client, { sessionId, exporter: 'otlp', to: { url: receiver.url } })
  await first.get('/1', '/2', '/3')
  await vi.waitFor(() => expect(seqs(receiver)).toEqual([1, 2, 3]))
  const delivered = () => following.said.findLast(({ clock, exchanges }) => clock !== undefined && exchanges === 3)
  await vi.waitFor(() => expect(delivered()).toBeDefined())
  const { clock } = delivered() as { clock: string }
  receiver.status = 503
  await first.get('/4')
  await vi.waitFor(() => expect(receiver.asked).toBeGreaterThan(receiver.batches.length))
  process.kill(first.pid, 'SIGKILL')
  await expect(following.result).rejects.toMatchObject({ reason: 'connectionLost' })

  const second = await startDaemon({ folder: first.env.WEIR_HOME as string })
  const resumed = await second.client.call('session/resume', { sessionId })
  receiver.status = 200
  const { result } = follow(second.client, { sessionId, exporter: 'otlp', to: { url: receiver.url }, since: clock })
  await getThrough(resumed.proxy?.port ?? 0, `${first.url}/5`)
  await second.client.call('session/stop', { sessionId })
  await result
  expect(seqs(receiver)).toEqual([1, 2, 3, 4, 5])
  expect(new Set(spansOf(receiver).map(({ spanId }) => spanId)).size).toBe(5)
})
