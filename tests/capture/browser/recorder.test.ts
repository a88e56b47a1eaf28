/** The recorder with a browser beside the proxy, on a file. */
import { join } from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import { MessageChannel } from 'node:worker_threads'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Recorder } from '../../../daemon/capture/recorder.ts'
import type { FilterSpec } from '../../../daemon/plugin/filters/open-filters.ts'
import { openForReading } from '../../../daemon/store/database.ts'
import { Reader } from '../../../daemon/store/reader.ts'
import { sessionKind } from '../../../daemon/store/session-layout.ts'
import type { BrowserView } from '../../../sdk/browser-view.ts'
import type { SourceEvent } from '../../../sdk/source.ts'
import { temporaryHome } from '../../support/home.ts'
import { unheard } from '../../support/unheard.ts'
import { WireScript } from '../wire-script.ts'

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: example.com\r\n\r\n`
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody'
const handle = 0
const sourceId = 's1'
const page = 'https://example.com/?token=hunter2-and-more'

const builtIn = (plugin: string): FilterSpec => ({
  plugin,
  module: join(import.meta.dirname, `../../../plugins/filters/${plugin}.ts`),
  builtIn: true,
  config: { query: ['token'] },
  number: 1,
  isStuck: false,
})

async function running({ filters = [] as FilterSpec[] } = {}) {
  const home = await temporaryHome()
  const whole = new Recorder({ events: unheard })
  onTestFinished(() => whole.end())
  const recorder = whole.surface()
  await recorder.openCatalogue({ home })
  const file = join(home, 'one.weir')
  await recorder.openSession({ id: 'one', file, handle, filters })
  const { port1, port2 } = new MessageChannel()
  onTestFinished(() => port2.close())
  await recorder.attachProxy({ port: port1 })
  const script = new WireScript()
  script.at = Date.now()
  return {
    recorder,
    file,
    script,
    /** Sends what was told as one batch, and waits until it has been read. */
    async pass() {
      const batch = script.batch()
      port2.postMessage(batch, [batch.bytes])
      await rest(1)
      await recorder.flush({})
    },
    tell: (...events: SourceEvent[]) => recorder.takeSourceEvents({ handle, sourceId, events }),
    listed() {
      const reader = new Reader(file)
      const { items } = reader.list({ order: 'asc', before: null, after: null, limit: 1000 }, 'one')
      reader.close()
      return items
    },
  }
}

const asks = (id: string, at: number, url = 'https://example.com/'): SourceEvent => {
  const view: BrowserView = { sourceId: '', requestId: id, resource: 'script', page, initiator: { type: 'script', url: page } }
  return { kind: 'request', id, at, exchange: 'http', method: 'GET', url, headers: [], view }
}
const answered = (id: string, at: number, proxied = true): SourceEvent => {
  return { kind: 'response', id, at, status: 200, reason: '', httpVersion: '2', headers: [], proxied }
}

describe('with a source', () => {
  it('what both saw is one exchange, also on connections that were there before the source', async () => {
    const { recorder, script, pass, tell, listed, file } = await running()
    script.opened(1).client(1, get('/before')).origin(1, ok)
    await pass()
    await recorder.sourceStarted({ handle, sourceId })
    await rest(50)
    script.at = Date.now()
    await tell(asks('r1', script.at))
    script.client(1, get('/')).origin(1, ok)
    await pass()
    await tell(answered('r1', script.at), { kind: 'end', id: 'r1', at: script.at })
    await vi.waitFor(() => expect(listed().map(({ browser }) => browser?.requestId)).toEqual([undefined, 'r1']), { timeout: 10_000 })
    expect(listed()[1]).toMatchObject({ source: 'proxy', state: 'complete', browser: { sourceId, resource: 'script', page } })
    const db = openForReading(file, sessionKind)
    const rows = db.prepare("SELECT json_extract(browser, '$.page') AS page FROM v1_exchange ORDER BY seq").all()
    db.close()
    expect(rows).toEqual([{ page: null }, { page }])
  })

  it('what only the browser saw is an exchange of its own; what is open ends with its source', async () => {
    const { recorder, tell, listed } = await running()
    await recorder.sourceStarted({ handle, sourceId })
    const at = Date.now()
    await tell(asks('r1', at, 'https://cached.test/'), answered('r1', at, false))
    await tell({ kind: 'body', id: 'r1', part: 'response', data: new Uint8Array([104, 105]) })
    await vi.waitFor(() => expect(listed()).toMatchObject([{ source: 'browser', state: 'open', response: { bodySize: 2 } }]))
    await recorder.sourceEnded({ handle, sourceId })
    await vi.waitFor(() => expect(listed()).toMatchObject([{ state: 'aborted', error: { reason: 'clientAborted' } }]))
  })

  it('the end of the session settles what is left', async () => {
    const { recorder, script, pass, tell, listed } = await running()
    await recorder.sourceStarted({ handle, sourceId })
    await rest(50)
    script.at = Date.now()
    await tell(asks('r1', script.at), asks('r2', script.at, 'https://example.com/open'))
    script.opened(1).client(1, get('/')).origin(1, ok)
    await pass()
    await tell(answered('r1', script.at))
    const { counts } = await recorder.closeSession({ handle, reason: 'sessionStopped' })
    expect(counts.exchanges).toBe(2)
    expect(listed()).toMatchObject([
      { source: 'proxy', browser: { requestId: 'r1' } },
      { source: 'browser', state: 'aborted', error: { reason: 'sessionStopped' }, browser: { requestId: 'r2' } },
    ])
  })

  it('no view gets into the file past a filter that redacts', async () => {
    const { recorder, script, pass, tell, listed } = await running({ filters: [builtIn('redact')] })
    await recorder.sourceStarted({ handle, sourceId })
    await rest(50)
    script.at = Date.now()
    await tell(asks('r1', script.at), asks('r2', script.at, 'https://cached.test/'), answered('r2', script.at, false))
    script.opened(1).client(1, get('/')).origin(1, ok).client(1, get('/unseen')).origin(1, ok)
    await pass()
    expect(listed()).toMatchObject([
      { anomalies: ['awaitingFilters'] },
      { anomalies: ['awaitingFilters'] },
      { anomalies: ['awaitingFilters'] },
    ])
    const end = { kind: 'end' as const, at: script.at }
    await tell(answered('r1', script.at), { ...end, id: 'r1' }, { ...end, id: 'r2' })
    await recorder.closeSession({ handle, reason: 'sessionStopped' })
    const items = listed()
    expect(items.map(({ source, browser }) => `${source} ${browser?.requestId}`).sort()).toEqual([
      'browser r2',
      'proxy r1',
      'proxy undefined',
    ])
    expect(items.filter(({ browser }) => browser?.page?.startsWith('https://example.com/?token=redacted-'))).toHaveLength(2)
    expect(JSON.stringify(items)).not.toContain('hunter2')
  })

  it('calls for a session that is not there are refused', async () => {
    const { recorder } = await running()
    await expect(recorder.takeSourceEvents({ handle: 5, sourceId, events: [] })).rejects.toMatchObject({
      code: 1001,
      reason: 'sessionNotOpen',
    })
  })
})
