import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Recorder } from '../../daemon/capture/recorder.ts'
import type { CatalogueEntry, RecorderSurface } from '../../daemon/capture/surface.ts'
import { batchBytes } from '../../daemon/capture/wire-copy.ts'
import { openForReading } from '../../daemon/store/database.ts'
import { Reader } from '../../daemon/store/reader.ts'
import { sessionKind } from '../../daemon/store/session-layout.ts'
import { temporaryHome } from '../support/home.ts'
import { canMount, smallDisk } from '../support/small-disk.ts'
import { unheard } from '../support/unheard.ts'
import { WireScript } from './wire-script.ts'

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`
const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

/** By another program, until it is closed. */
function locked(file: string): Database.Database {
  const other = new Database(file)
  onTestFinished(() => void other.close())
  other.exec('BEGIN IMMEDIATE')
  return other
}

/** Milliseconds since it was made, as far as the machine let this process run: who looks every few of them counts no more than 20 for a look that comes late. */
function ownTime(): () => number {
  let [last, sum] = [performance.now(), 0]
  return () => {
    const now = performance.now()
    sum += Math.min(now - last, 20)
    last = now
    return sum
  }
}

interface Running {
  recorder: RecorderSurface
  file: string
  script: WireScript
  port: MessagePort
  advanced: { handle: number; change: number }[]
  logged: string[]
  credits: number[]
  /** Sends what was told as one batch. */
  send(): void
  /** Sends it and waits until it has been read. */
  told(): Promise<void>
  reader(): Reader
  gaps(): { reason: string; exchanges: number | null }[]
}

/** A recorder with session 0 open and a proxy attached. */
async function running(folder?: string): Promise<Running> {
  const home = folder ?? (await temporaryHome())
  const advanced: Running['advanced'] = []
  const logged: string[] = []
  const credits: number[] = []
  const whole = new Recorder({
    events: {
      advanced: (params) => void advanced.push(params),
      filterFailed: () => undefined,
      full: () => undefined,
      sent: () => undefined,
      log: ({ message }) => void logged.push(message),
    },
  })
  onTestFinished(() => whole.end())
  const recorder = whole.surface()
  await recorder.openCatalogue({ home })
  const file = join(home, 'one.weir')
  await recorder.openSession({ id: 'one', file, handle: 0 })
  const { port1, port2 } = new MessageChannel()
  onTestFinished(() => port2.close())
  await recorder.attachProxy({ port: port1 })
  port2.on('message', ({ credit }) => credits.push(credit))
  const script = new WireScript()
  const send = () => {
    const batch = script.batch()
    port2.postMessage(batch, [batch.bytes])
  }
  return {
    recorder,
    file,
    script,
    port: port2,
    advanced,
    logged,
    credits,
    send,
    async told() {
      const before = credits.length
      send()
      await vi.waitFor(() => expect(credits.length).toBe(before + 1), { interval: 1 })
    },
    reader() {
      const reader = new Reader(file)
      onTestFinished(() => reader.close())
      return reader
    },
    gaps() {
      const db = openForReading(file, sessionKind)
      const rows = db.prepare('SELECT reason, exchanges FROM v1_gap').all() as { reason: string; exchanges: number | null }[]
      db.close()
      return rows
    },
  }
}

const listed = (reader: Reader) => reader.list({ order: 'asc', before: null, after: null, limit: 1000 }, 'one').items
const states = (reader: Reader) => listed(reader).map(({ state, error }) => (error ? `${state} ${error.reason}` : state))

describe('a batch', () => {
  it('is credited, stored and announced', async () => {
    const { script, advanced, credits, send, reader } = await running()
    script.opened(1).client(1, get('/a')).origin(1, ok('body')).closed(1)
    send()
    await vi.waitFor(() =>
      expect(advanced.at(-1)).toMatchObject({
        handle: 0,
        change: 1,
        counts: { exchanges: 1, bytesReceived: 4 },
        commitIntervalMs: expect.any(Number),
      }),
    )
    await vi.waitFor(() => expect(credits).toHaveLength(1))
    const [exchange] = listed(reader())
    expect(exchange).toMatchObject({
      seq: 1,
      sessionId: 'one',
      state: 'complete',
      request: { method: 'GET', url: 'https://h/a' },
      response: { status: 200, bodySize: 4 },
      tls: { version: 'TLSv1.3' },
      timings: { dns: 1, connect: 2, tls: 3 },
    })
    expect(await reader().readBody(1, 'response', 0, 100, false)).toMatchObject({ size: 4, eof: true })
  })

  it('of a large body passes through in bounded pieces', async () => {
    const { script, told, advanced, reader, recorder } = await running()
    const piece = Buffer.alloc(batchBytes, 'x')
    const pieces = 128
    script
      .opened(1)
      .client(1, get('/large'))
      .origin(1, `HTTP/1.1 200 OK\r\nContent-Length: ${pieces * piece.length}\r\n\r\n`)
    const hash = createHash('sha256')
    for (let n = 0; n < pieces; n++) {
      piece[0] = n
      hash.update(piece)
      script.origin(1, Buffer.from(piece))
      await told()
    }
    await recorder.flush({})
    expect(advanced.length).toBeGreaterThanOrEqual((pieces * piece.length) / (4 * 1024 * 1024))
    const stored = createHash('sha256')
    for (let at = 0; at < pieces * piece.length; at += 1 << 20)
      stored.update((await reader().readBody(1, 'response', at, 1 << 20, false)).data)
    expect(stored.digest('hex')).toBe(hash.digest('hex'))
    expect(states(reader())).toEqual(['complete'])
  })

  it('that is garbage is credited and passed over', async () => {
    const { script, told, recorder, reader, port, credits } = await running()
    const garbage = new Uint8Array(40).fill(255).buffer
    port.postMessage({ bytes: garbage, length: 40 }, [garbage])
    await vi.waitFor(() => expect(credits).toEqual([40]))
    script.opened(1).client(1, get('/a')).origin(1, ok('body'))
    await told()
    await recorder.flush({})
    expect(states(reader())).toEqual(['complete'])
  })
})

describe('a session', () => {
  it('is drained when nothing is open any more', async () => {
    const { script, told, recorder, send, reader } = await running()
    script.opened(1).client(1, get('/a')).listenerClosed()
    await told()
    const drained = recorder.drainSession({ handle: 0, timeoutMs: 20_000 })
    script.origin(1, ok('body'))
    send()
    await drained
    expect(states(reader())).toEqual(['complete'])
  })

  it('is drained no longer than it is told', async () => {
    const { script, told, recorder } = await running()
    script.opened(1).client(1, get('/a')).listenerClosed()
    await told()
    const begun = performance.now()
    await recorder.drainSession({ handle: 0, timeoutMs: 60 })
    expect(performance.now() - begun).toBeGreaterThanOrEqual(55)
  })

  it.each(['sessionStopped', 'daemonStopped'] as const)(
    'ends what is open when it closes (%s), after the last records of its connections',
    async (reason) => {
      const { script, told, recorder, send, reader } = await running()
      script
        .opened(1)
        .client(1, get('/open'))
        .opened(2)
        .client(2, get('/last'))
        .opened(3, { protocol: 'opaque', opaque: 'bypassed' })
        .listenerClosed()
      await told()
      const closed = recorder.closeSession({ handle: 0, reason })
      script
        .origin(2, ok('body'))
        .closed(1, { by: 'weir', reset: true })
        .closed(2, { by: 'client' })
        .closed(3, { by: 'weir', reset: true, sent: 5 })
        .sessionClosed()
      send()
      expect(await closed).toMatchObject({ counts: { exchanges: 3, failed: 0, bytesSent: 5 } })
      expect(states(reader())).toEqual([`aborted ${reason}`, 'complete', `aborted ${reason}`])
      await expect(recorder.closeSession({ handle: 0, reason })).rejects.toMatchObject({ code: 1001, reason: 'sessionNotOpen' })
    },
  )

  it('without a listener closes at once', async () => {
    const { recorder } = await running()
    // Whatever it waited for would never be over.
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    await recorder.closeSession({ handle: 0, reason: 'sessionStopped' })
  })

  it('writes its last records once another program lets go of the file', async () => {
    const { script, told, recorder, file, reader, gaps } = await running()
    const other = locked(file)
    script.opened(1).client(1, get('/')).origin(1, ok('body')).closed(1).sessionClosed()
    await told()
    const closed = recorder.closeSession({ handle: 0, reason: 'sessionStopped' })
    // The first try comes before any timer.
    setTimeout(() => other.close(), 0)
    expect(await closed).toMatchObject({ repair: null, counts: { exchanges: 1, gaps: 0 } })
    expect(states(reader())).toEqual(['complete'])
    expect(gaps()).toEqual([])
  })

  it('says what it could not write, which the next opening puts on record', async () => {
    const { script, told, recorder, file, reader, gaps, logged } = await running()
    script.opened(1).client(1, get('/open'))
    await told()
    await recorder.flush({})
    const other = locked(file)
    script.opened(2).client(2, get('/lost')).origin(2, ok('body')).sessionClosed()
    await told()
    const { repair } = await recorder.closeSession({ handle: 0, reason: 'daemonStopped' })
    other.close()
    expect(logged).toContainEqual(expect.stringContaining('are lost; gaps will say so'))
    expect(repair).toMatchObject({ reason: 'storeFailed', gaps: [{ reason: 'storeFailed', exchanges: 1 }] })
    expect(states(reader())).toEqual(['open'])
    const { counts } = await recorder.openSession({ id: 'one', file, handle: 0, ...(repair && { repair }) })
    expect(counts).toMatchObject({ exchanges: 1, failed: 1, gaps: 1 })
    expect(states(reader())).toEqual(['failed notRecorded'])
    expect(gaps()).toEqual([{ reason: 'storeFailed', exchanges: 1 }])
  })

  it('stores nothing of what begins in a pause', async () => {
    const { script, told, recorder, reader } = await running()
    const now = () => performance.timeOrigin + performance.now()
    await recorder.pauseSession({ handle: 0, paused: true })
    const inPause = now()
    script.at = inPause
    script.opened(1).client(1, get('/paused')).origin(1, ok('1'))
    await told()
    // What is read after the resume and began before it belongs to the pause.
    script.at = inPause
    script.client(1, get('/late')).origin(1, ok('1'))
    await recorder.pauseSession({ handle: 0, paused: false })
    script.at = now()
    await told()
    script.client(1, get('/resumed')).origin(1, ok('2'))
    await told()
    await recorder.flush({})
    expect(listed(reader()).map(({ request }) => request.url)).toEqual(['https://h/resumed'])
  })

  it('goes on in another recorder: what was open fails, seqs go on, and a gap says so', async () => {
    const first = await running()
    first.script.opened(1).client(1, get('/a'))
    await first.told()
    await first.recorder.flush({})
    const second = new Recorder({ events: unheard })
    onTestFinished(() => second.end())
    const { counts } = await second.surface().openSession({ id: 'one', file: first.file, handle: 0, repair: { reason: 'recorderCrashed' } })
    expect(counts).toMatchObject({ exchanges: 1, failed: 1, gaps: 1 })
    expect(states(first.reader())).toEqual(['failed recorderCrashed'])
  })
})

describe('a proxy thread that died', () => {
  it('leaves failed exchanges and a gap; what it had sent is read', async () => {
    const { script, told, recorder, send, reader, gaps } = await running()
    script.opened(1).client(1, get('/open')).opened(2).client(2, get('/sent'))
    await told()
    script.origin(2, ok('body'))
    send()
    await recorder.proxyLost({})
    expect(states(reader())).toEqual(['failed proxyCrashed', 'complete'])
    expect(gaps()).toEqual([{ reason: 'proxyCrashed', exchanges: null }])
    const { port1, port2 } = new MessageChannel()
    onTestFinished(() => port2.close())
    await recorder.attachProxy({ port: port1 })
    const batch = script.opened(1).client(1, get('/again')).origin(1, ok('body')).batch()
    port2.postMessage(batch, [batch.bytes])
    await once(port2, 'message')
    await recorder.flush({})
    expect(states(reader())).toEqual(['failed proxyCrashed', 'complete', 'complete'])
  })
})

describe('the catalogue', () => {
  it('keeps entries, and gives them to the next recorder', async () => {
    const home = await temporaryHome()
    const { recorder } = await running(home)
    const counts = { exchanges: 1, failed: 0, filtered: 0, messages: 0, bytesSent: 2, bytesReceived: 3, gaps: 0 }
    const entry: CatalogueEntry = {
      id: 'one',
      name: 'n',
      state: 'stopped',
      startedAt: 1,
      stoppedAt: 2,
      port: 3,
      counts,
      settings: '{}',
      repair: null,
    }
    await recorder.saveEntry({ entry })
    const next = new Recorder({ events: unheard })
    onTestFinished(() => next.end())
    expect((await next.surface().openCatalogue({ home, running: 'keep' })).entries).toEqual([entry])
  })
})

describe.skipIf(!canMount)('a full disk (needs root, for a file system of its own)', () => {
  it('stops no reading; the hole is counted and recording resumes by itself', async () => {
    const disk = await smallDisk(24)
    const { script, told, recorder, reader, gaps, logged, credits, advanced } = await running(disk.folder)
    let passed = 0
    const pass = async (count: number) => {
      const body = 'x'.repeat(20_000)
      for (let n = 0; n < count; n++) {
        script
          .opened(1)
          .client(1, get(`/${passed++}`))
          .origin(1, ok(body + passed))
          .closed(1)
        await told()
      }
    }
    await pass(20)
    await recorder.flush({})
    for (let cycle = 0; cycle < 2; cycle++) {
      disk.fill()
      while (logged.filter((message) => message.includes('could not be written')).length <= cycle) await pass(20)
      const until = performance.now() + 3_500
      while (performance.now() < until) await pass(5)
      disk.clear()
      const before = advanced.length
      const elapsed = ownTime()
      await vi.waitFor(
        () => {
          elapsed()
          expect(advanced.length).toBeGreaterThan(before)
        },
        { interval: 5 },
      )
      expect(elapsed()).toBeLessThan(2_000)
      await pass(5)
      await recorder.flush({})
      const missing = gaps().reduce((sum, { exchanges }) => sum + (exchanges ?? 0), 0)
      expect(gaps()).toHaveLength(cycle + 1)
      expect(missing).toBeGreaterThan(0)
      expect(listed(reader()).length + missing).toBe(passed)
    }
    expect(new Set(gaps().map(({ reason }) => reason))).toEqual(new Set(['diskFull']))
    expect(credits.length).toBe(passed)
    expect(new Set(states(reader()))).toEqual(new Set(['complete']))
  }, 60_000)
})

describe('the process of a client', () => {
  const curl = { pid: 42, name: 'curl', path: '/usr/bin/curl' }

  it('that is told later stands on all its exchanges, ended and closed ones too, and changes them', async () => {
    const { script, told, reader } = await running()
    script.opened(1, { asked: true }).client(1, get('/a')).origin(1, ok('a')).client(1, get('/b')).origin(1, ok('b')).closed(1)
    script.opened(2).client(2, get('/other')).origin(2, ok('c'))
    await told()
    const before = reader().changes({ since: 0, limit: 10 }, 'one')
    expect(before.items.map(({ client }) => client?.process)).toEqual([undefined, undefined, undefined])
    script.process(1, curl)
    await told()
    const after = reader().changes({ since: before.change, limit: 10 }, 'one')
    expect(after.items.map(({ seq, client, state }) => [seq, client?.process, state])).toEqual([
      [1, curl, 'complete'],
      [2, curl, 'complete'],
    ])
    expect(listed(reader())[2]?.client?.process).toBeUndefined()
  })

  it('that is not found changes nothing', async () => {
    const { script, told, reader } = await running()
    script.opened(1, { asked: true }).client(1, get('/a')).origin(1, ok('a'))
    await told()
    const before = reader().changes({ since: 0, limit: 10 }, 'one')
    script.process(1, null).process(9, curl)
    await told()
    expect(reader().changes({ since: before.change, limit: 10 }, 'one').items).toEqual([])
  })

  it('decides what a session stores, told after the end as well', async () => {
    const { recorder, script, told, reader } = await running()
    await recorder.setWhere({ handle: 0, where: 'process:curl' })
    script.opened(1, { asked: true }).client(1, get('/curl')).origin(1, ok('a')).closed(1)
    script.opened(2, { asked: true }).client(2, get('/wget')).origin(2, ok('b')).closed(2)
    await told()
    script.process(1, curl).process(2, { pid: 43, name: 'wget', path: null })
    await told()
    await vi.waitFor(() => expect(listed(reader()).map(({ request }) => request.url)).toEqual(['https://h/curl']))
  })

  it('is waited for when the session stops', async () => {
    const { recorder, script, send, reader, told } = await running()
    script.opened(1, { asked: true }).client(1, get('/a')).origin(1, ok('a')).closed(1).listenerClosed()
    await told()
    const drained = recorder.drainSession({ handle: 0, timeoutMs: 60_000 })
    script.process(1, curl)
    send()
    await drained
    expect(listed(reader())[0]?.client?.process).toEqual(curl)
  })
})
