/** A browser that tells of its requests: how many are merged with what the proxy saw, whether any wrongly, and what it costs at 500 requests a second. */
import type { Exchange } from '../sdk/model.ts'
import { testCa } from '../tests/support/certificates.ts'
import { chromiumPath, isChromium } from '../tests/support/chromium.ts'
import { inScript, onWire, requests, startManyRequests } from '../tests/support/many-requests.ts'
import { type Bench, type Context, judge, type Outcome, type RowResult, type Table } from './bench.ts'
import { startOwnChromium } from './load/own-chromium.ts'
import { type Round, startSteadySite } from './load/steady-site.ts'
import { whole } from './measure/format.ts'
import { cpuMs, processTree } from './measure/process-usage.ts'
import { WeirDaemon } from './systems/weir-daemon.ts'

const perSecond = 500
const executable = chromiumPath as string

async function exchangesOf(daemon: WeirDaemon, sessionId: string): Promise<Exchange[]> {
  const found: Exchange[] = []
  for (let after = 0, more = true; more; ) {
    const page = await daemon.call('exchange/list', { sessionId, after, limit: 1000 })
    found.push(...page.items)
    more = page.more
    after = page.items.at(-1)?.seq ?? after
  }
  return found
}

const openSession = async (daemon: WeirDaemon, name: string) => daemon.startSession(name, (await testCa()).certificate)
const doneWithin = 120_000

/** 500 at once, 100 of them the same. */
async function merge(daemon: WeirDaemon, version: 'h1' | 'h2'): Promise<{ merged: number; wrong: number }> {
  const site = await startManyRequests(version)
  const { id: sessionId } = await openSession(daemon, `merged ${version}`)
  await daemon.call('source/start', { kind: 'browser', sessionId, url: `${site.url}/`, headless: true, executable })
  const { item } = await daemon.call('exchange/wait', { sessionId, where: 'path:/done', timeoutMs: doneWithin })
  if (item === null) throw new Error('the page did not come to its end')
  await daemon.call('session/stop', { sessionId })
  site.close()
  const merged = (await exchangesOf(daemon, sessionId)).filter(
    (exchange) => Number.isInteger(onWire(exchange)) && inScript(exchange) !== null,
  )
  return { merged: merged.length, wrong: merged.filter((exchange) => inScript(exchange) !== onWire(exchange)).length }
}

interface Usage extends Round {
  recorded: number
  /** Told by the browser, too, and known to be the same. */
  merged: number
  /** Told by the browser alone: nobody can tell which exchange of the proxy they are, or the proxy has not seen them. */
  apart: number
  /** µs a request. */
  daemonUs: number
  browserUs: number
}

interface Opened {
  /** The browser's process. */
  pid: number
  end(): Promise<unknown>
}

/** Opens the page. */
type Open = (url: string, proxyPort: number, sessionId: string) => Promise<Opened>

const browserUnder = (pid: number): number => {
  const found = processTree(pid).find(isChromium)
  if (found === undefined) throw new Error('there is no browser')
  return found
}

const launched =
  (daemon: WeirDaemon): Open =>
  async (url, _port, sessionId) => {
    const { sourceId } = await daemon.call('source/start', { kind: 'browser', sessionId, url, headless: true, executable })
    return { pid: browserUnder(daemon.pid), end: () => daemon.call('source/stop', { sourceId }) }
  }

const behindProxy = (profile: string, port: number) =>
  startOwnChromium(executable, profile, [`--proxy-server=http://127.0.0.1:${port}`, '--proxy-bypass-list=<-loopback>'])

const attached =
  (daemon: WeirDaemon, profile: string): Open =>
  async (url, port, sessionId) => {
    const { pid, endpoint, close } = await behindProxy(profile, port)
    const { sourceId } = await daemon.call('source/start', { kind: 'browser', sessionId, url, endpoint })
    const end = async () => {
      await daemon.call('source/stop', { sourceId })
      await close()
    }
    return { pid, end }
  }

const untold =
  (profile: string): Open =>
  async (url, port) => {
    const { pid, open, close } = await behindProxy(profile, port)
    await open(url)
    return { pid, end: close }
  }

/** The first second is not measured. */
async function steady(daemon: WeirDaemon, name: string, open: Open, count: number): Promise<Usage> {
  const site = await startSteadySite()
  const { id: sessionId, proxy } = await openSession(daemon, name)
  const { pid, end } = await open(site.url, proxy?.port ?? 0, sessionId)
  await site.round(perSecond, perSecond)
  const ofDaemon = () => cpuMs(daemon.pid) - (processTree(daemon.pid).includes(pid) ? cpuMs(pid) : 0)
  const [daemonBefore, browserBefore] = [ofDaemon(), cpuMs(pid)]
  const round = await site.round(count, perSecond)
  const [daemonMs, browserMs] = [ofDaemon() - daemonBefore, cpuMs(pid) - browserBefore]
  await end()
  await daemon.call('session/stop', { sessionId })
  site.close()
  const items = (await exchangesOf(daemon, sessionId)).filter(
    ({ request }) => Number(/\/item\/(\d+)$/.exec(request.url)?.[1] ?? -1) >= perSecond,
  )
  const ofProxy = items.filter(({ source }) => source === 'proxy')
  return {
    ...round,
    recorded: ofProxy.filter(({ state }) => state === 'complete').length,
    merged: ofProxy.filter(({ browser }) => browser !== undefined && browser.ambiguous === undefined).length,
    apart: items.length - ofProxy.length,
    daemonUs: (1000 * daemonMs) / count,
    browserUs: (1000 * browserMs) / count,
  }
}

async function run(context: Context): Promise<Outcome> {
  if (chromiumPath === null) {
    const rows: RowResult[] = ['h1', 'h2', 'launched', 'attached', 'cpu'].map((id) => ({ id, measured: '', verdict: 'not measured' }))
    return { rows, tables: [], notes: ['There is no Chromium: nothing was measured.'] }
  }
  const daemon = await WeirDaemon.start(context.folder('weir'), context.cores.spread)
  try {
    const rows: RowResult[] = []
    for (const version of ['h1', 'h2'] as const) {
      context.log(`merging over ${version}`)
      const { merged, wrong } = await merge(daemon, version)
      rows.push({
        id: version,
        measured: `${merged} of ${requests} merged, ${wrong} wrongly`,
        verdict: judge(wrong === 0, merged >= 0.99 * requests),
      })
    }
    const count = perSecond * (context.quick ? 4 : 20)
    const measured: [name: string, usage: Usage][] = []
    const ways: [name: string, open: Open][] = [
      ['proxy alone', untold(context.folder('alone'))],
      ['launched', launched(daemon)],
      ['attached', attached(daemon, context.folder('attached'))],
    ]
    for (const [name, open] of ways) {
      context.log(`${perSecond} requests a second: ${name}`)
      measured.push([name, await steady(daemon, name, open, count)])
    }
    const [alone, ...told] = measured
    for (const [id, usage] of told)
      rows.push({
        id,
        measured: `${whole(usage.recorded)} of ${whole(usage.asked)} on record, ${whole(usage.merged)} merged with what the browser tells, ${whole(usage.apart)} apart; ${whole(usage.rate)}/s (${whole(alone?.[1].rate ?? 0)}/s by the proxy alone)`,
        verdict: judge(
          usage.failed === 0 && usage.asked === count,
          usage.recorded === count && usage.merged + usage.apart === count && usage.merged >= 0.99 * count,
        ),
      })
    const [, ...columns] = measured.map(([name, { browserUs, daemonUs }]) => `${name} ${whole(browserUs)} us and ${whole(daemonUs)} us`)
    rows.push({
      id: 'cpu',
      measured: `browser and daemon, a request: ${columns.join(', ')}; ${whole(alone?.[1].browserUs ?? 0)} us and ${whole(alone?.[1].daemonUs ?? 0)} us by the proxy alone`,
      verdict: 'for information',
    })
    const table: Table = {
      title: `${whole(count)} requests of one page over HTTP/2, ${perSecond} a second asked for`,
      columns: ['', 'asked', 'a second', 'on record', 'told by the browser', 'apart', 'daemon, us a request', 'browser, us a request'],
      rows: measured.map(([name, usage]) => [
        name,
        ...[usage.asked, usage.rate, usage.recorded, usage.merged, usage.apart, usage.daemonUs, usage.browserUs].map(whole),
      ]),
    }
    return { rows, tables: [table], notes: ['`daemon` is the daemon with the process of the source, without the browser.'] }
  } finally {
    await daemon.stop()
  }
}

const merged = (version: string) => ({
  work: `500 requests at once over ${version}, 100 of them the same, in a browser that weir opened`,
  target: 'at least 99 % merged, none wrongly',
  limits: 'Connections and streams are known by the NetLog of the browser; what is not sure stays apart.',
})

const told = (which: string) => ({
  work: `a page that asks 500 times a second, or as fast as it can, in a browser ${which}`,
  target: 'none lost on either side, at least 99 % merged',
  limits: 'The rate: CPU, of which browser, origin and daemon have two cores together.',
})

export const bench: Bench = {
  name: 'browser',
  rows: [
    { id: 'h1', ...merged('HTTP/1.1') },
    { id: 'h2', ...merged('HTTP/2') },
    { id: 'launched', ...told('that weir launched') },
    { id: 'attached', ...told('that weir is attached to') },
    {
      id: 'cpu',
      work: 'the same, CPU with the source and without',
      target: 'none',
      limits: 'The NetLog and CDP are text that the browser writes for each request.',
    },
  ],
  run,
}
