import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { ConnectionCopy } from '../../daemon/proxy/connection-copy.ts'
import { CopyQueue } from '../../daemon/proxy/copy-queue.ts'
import { startRawOrigin } from '../support/origin.ts'
import { RecorderStandIn, startProxy } from '../support/proxy.ts'
import { openTunnel, readAll, readHead } from '../support/wire.ts'

const opened = (session = 1) =>
  ({ session, client: { address: '127.0.0.1', port: 1 }, scheme: 'http', authority: '', protocol: 'http1', startedAt: 1 }) as const
const end = { by: 'client', reset: false } as const

function recorder(): RecorderStandIn {
  const standIn = new RecorderStandIn()
  onTestFinished(() => {
    standIn.close()
    standIn.port.close()
  })
  return standIn
}

function start(options: { outstandingBytes?: number; waitMs?: number } = {}) {
  const queue = new CopyQueue(options)
  const standIn = recorder()
  queue.attach(standIn.port)
  const connection = (session = 1): ConnectionCopy => {
    const copy = queue.connection(session)
    copy.open(opened(session))
    return copy
  }
  return { queue, recorder: standIn, connection }
}

const summary = (standIn: RecorderStandIn) =>
  standIn.records.map(({ connection, kind, bytes, json }) => [connection, kind, json ? json : bytes.length > 0 ? bytes.length : null])

test('records arrive in the order they happened, whatever their size', async () => {
  const { recorder, connection } = start()
  const begunAt = Date.now()
  const a = connection()
  const b = connection()
  const large = Buffer.alloc(700_000, 7)
  a.fromClient(Buffer.from('first'))
  b.fromOrigin(large)
  a.clientEnd()
  b.fromClient(Buffer.alloc(0))
  a.close(end)
  await recorder.next('closed')
  expect(summary(recorder)).toEqual([
    [a.id, 'opened', opened()],
    [b.id, 'opened', opened()],
    [a.id, 'fromClient', 5],
    [b.id, 'fromOrigin', 700_000],
    [a.id, 'clientEnd', null],
    [b.id, 'fromClient', null],
    [a.id, 'closed', { ...end, sent: 5, received: 0 }],
  ])
  expect(recorder.bytes('fromOrigin').equals(large)).toBe(true)
  const times = recorder.records.map(({ at }) => at)
  expect(times).toEqual([...times].sort((x, y) => x - y))
  // Unix time, by another clock than Date's.
  expect(times[0]).toBeGreaterThan(begunAt - 5000)
  expect(times[0]).toBeLessThan(Date.now() + 5000)
})

test('the bytes of an opaque connection are counted, not copied', async () => {
  const { queue, recorder } = start()
  const copy = queue.connection(1)
  copy.open({ ...opened(), protocol: 'opaque', opaque: 'bypassed' })
  copy.fromClient(Buffer.alloc(10))
  copy.fromOrigin(Buffer.alloc(20))
  copy.close(end)
  expect((await recorder.next('closed')).json).toMatchObject({ sent: 10, received: 20 })
  expect(recorder.records.length).toBe(2)
})

test('nothing is recorded of a connection that never opened, or has closed', async () => {
  const { queue, recorder, connection } = start()
  queue.connection(1).close(end)
  const copy = connection()
  copy.close(end)
  copy.fromClient(Buffer.from('late'))
  copy.close({ by: 'weir', reset: true })
  queue.sessionClosed(1)
  await recorder.next('sessionClosed')
  expect(recorder.records.map(({ kind }) => kind)).toEqual(['opened', 'closed', 'sessionClosed'])
})

describe('without credit', () => {
  const chunk = Buffer.alloc(100_000, 1)

  test('senders are asked to wait, and go on when credit comes: nothing is missing', async () => {
    const { recorder, connection } = start({ outstandingBytes: 1_000_000, waitMs: 60_000 })
    recorder.keepCredit()
    const copy = connection()
    let sent = 0
    do sent += chunk.length
    while (copy.fromClient(chunk))
    const released = new Promise<void>((resolve) => copy.whenReleased(resolve))
    await vi.waitFor(() => expect(recorder.bytes('fromClient').length).toBeGreaterThan(700_000))
    recorder.giveCredit()
    await released
    expect(copy.fromClient(chunk)).toBe(true)
    copy.close(end)
    await recorder.next('closed')
    expect(recorder.bytes('fromClient').length).toBe(sent + chunk.length)
    expect(recorder.of('gap')).toEqual([])
  })

  test('after the longest wait traffic goes on uncopied; the gap says what passed, and copying resumes', async () => {
    const { recorder, connection } = start({ outstandingBytes: 1_000_000, waitMs: 50 })
    recorder.keepCredit()
    const busy = connection()
    const idle = connection()
    let copied = 0
    do copied += chunk.length
    while (busy.fromClient(chunk))
    const asked = performance.now()
    await new Promise<void>((resolve) => busy.whenReleased(resolve))
    expect(performance.now() - asked).toBeLessThan(20_000)
    for (let n = 0; n < 100; n++) expect(busy.fromClient(chunk)).toBe(true)
    expect(busy.fromOrigin(chunk)).toBe(true)
    busy.origin({ server: { address: '127.0.0.1', port: 9 } })
    busy.originEnd()
    await vi.waitFor(() => expect(recorder.bytes('fromClient').length).toBe(copied))
    recorder.giveCredit()
    await recorder.next('originEnd')
    busy.fromClient(Buffer.from('again'))
    idle.fromClient(Buffer.from('unharmed'))
    busy.close(end)
    const closed = await recorder.next('closed')
    const ofBusy = summary(recorder).filter(([connection]) => connection === busy.id)
    expect(ofBusy.slice(1 + copied / chunk.length)).toEqual([
      [busy.id, 'gap', { since: expect.any(Number), sent: 100 * chunk.length, received: chunk.length }],
      [busy.id, 'origin', { server: { address: '127.0.0.1', port: 9 } }],
      [busy.id, 'originEnd', null],
      [busy.id, 'fromClient', 5],
      [busy.id, 'closed', closed.json],
    ])
    expect(closed.json.sent).toBe(copied + 100 * chunk.length + 5)
    expect(summary(recorder).filter(([connection]) => connection === idle.id)).toEqual([
      [idle.id, 'opened', opened()],
      [idle.id, 'fromClient', 8],
    ])
  })

  test('a session that ends meanwhile hears of what was lost before its end', async () => {
    const { queue, recorder, connection } = start({ outstandingBytes: 1_000_000, waitMs: 20 })
    recorder.keepCredit()
    const busy = connection(2)
    while (busy.fromClient(chunk));
    await new Promise<void>((resolve) => busy.whenReleased(resolve))
    const lost = connection(1)
    lost.fromClient(Buffer.alloc(12))
    lost.close(end)
    queue.sessionClosed(1)
    await recorder.next('sessionClosed')
    expect(recorder.records.slice(-4).map(({ kind, json }) => [kind, json.sent])).toEqual([
      ['opened', undefined],
      ['gap', 12],
      ['closed', 12],
      ['sessionClosed', undefined],
    ])
  })

  test('connections that open meanwhile are told of afterwards; those that also close make one gap of their session', async () => {
    const { queue, recorder, connection } = start({ outstandingBytes: 100_000, waitMs: 20 })
    recorder.keepCredit()
    const first = connection()
    expect(first.fromClient(chunk)).toBe(false)
    await vi.waitFor(() => expect(queue.stopped).toBe(true))
    for (let n = 0; n < 3; n++) {
      const brief = connection(2)
      brief.fromClient(Buffer.alloc(10))
      brief.fromOrigin(Buffer.alloc(5))
      brief.close(end)
    }
    const late = connection(3)
    late.fromClient(Buffer.alloc(7))
    first.close(end)
    await recorder.next('fromClient')
    recorder.giveCredit()
    await recorder.next('gap', 2)
    late.fromOrigin(Buffer.from('answer'))
    await recorder.next('fromOrigin')
    const ofSession2 = recorder.records.find(({ json }) => json?.session === 2)
    expect(summary(recorder).filter(([id]) => id === ofSession2?.connection)).toEqual([
      [ofSession2?.connection, 'opened', opened(2)],
      [ofSession2?.connection, 'gap', { since: expect.any(Number), sent: 30, received: 15 }],
      [ofSession2?.connection, 'closed', { by: 'client', reset: false, sent: 30, received: 15 }],
    ])
    expect(summary(recorder).filter(([id]) => id === late.id)).toEqual([
      [late.id, 'opened', opened(3)],
      [late.id, 'gap', { since: expect.any(Number), sent: 7, received: 0 }],
      [late.id, 'fromOrigin', 6],
    ])
  })

  test('traffic through the proxy flows on while the recorder is silent', async () => {
    const body = Buffer.alloc(48 * 1024 * 1024, 9)
    const origin = await startRawOrigin(
      async (socket) => {
        await readHead(socket)
        socket.end(body)
      },
      { tls: false },
    )
    const proxy = await startProxy()
    proxy.recorder.keepCredit()
    const tunnel = await openTunnel(proxy.port, `localhost:${origin.port}`)
    tunnel.write('GET / HTTP/1.1\r\n\r\n')
    expect((await readAll(tunnel)).length).toBe(body.length)
    tunnel.end()
    // The record of the connection's end waits for credit behind the gap.
    const closed = await proxy.recorder.next('closed')
    const gap = proxy.recorder.of('gap')[0]
    expect(gap?.json.received).toBe(body.length - proxy.recorder.bytes('fromOrigin').length)
    expect(closed.json.received).toBe(body.length)
    expect(proxy.recorder.bytes('fromOrigin').length).toBeLessThan(36 * 1024 * 1024)
  })
})

describe('a recorder that dies', () => {
  test('leaves no gap on a connection that opens with its successor', async () => {
    const { queue, recorder: first } = start()
    const early = queue.connection(1)
    first.close()
    await vi.waitFor(() => expect(queue.stopped).toBe(true))
    const second = recorder()
    queue.attach(second.port)
    early.open(opened())
    early.fromClient(Buffer.from('all of it'))
    early.close(end)
    await second.next('closed')
    expect(second.records.map(({ kind }) => kind)).toEqual(['opened', 'fromClient', 'closed'])
  })

  test('holds nobody up; its successor hears of what is open, and of the gap', async () => {
    const { queue, recorder: first, connection } = start()
    const staying = connection()
    const leaving = connection()
    staying.fromClient(Buffer.from('12345'))
    await first.next('fromClient')
    first.close()
    await vi.waitFor(() => expect(queue.stopped).toBe(true))
    expect(staying.fromClient(Buffer.from('lost'))).toBe(true)
    leaving.close(end)
    const second = recorder()
    queue.attach(second.port)
    staying.fromOrigin(Buffer.from('kept'))
    staying.close(end)
    await second.next('closed', 2)
    expect(summary(second).filter(([id]) => id === staying.id)).toEqual([
      [staying.id, 'opened', opened()],
      [staying.id, 'gap', { since: expect.any(Number), sent: 4, received: 0 }],
      [staying.id, 'fromOrigin', 4],
      [staying.id, 'closed', { ...end, sent: 9, received: 4 }],
    ])
  })

  test('one that never was: traffic is told of once there is one', async () => {
    const queue = new CopyQueue()
    const copy = queue.connection(1)
    copy.open(opened())
    expect(copy.fromClient(Buffer.from('early'))).toBe(true)
    const standIn = recorder()
    queue.attach(standIn.port)
    expect((await standIn.next('gap')).json.sent).toBe(5)
  })
})
