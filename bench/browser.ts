/** A browser that tells of its requests: how many are merged with what the proxy saw, whether any wrongly, and what it costs at 500 requests a second. */
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { chromium } from 'playwright-core'
import type { Exchange } from '../sdk/model.ts'
import { testCa } from '../tests/support/certificates.ts'
import { chromiumPath, isChromium } from '../tests/support/chromium.ts'
import { inScript, onWire, requests, startManyRequests } from '../tests/support/many-requests.ts'
import { type Bench, type Context, judge, type Outcome, type RowResult, type Table } from './bench.ts'
import { percent, whole } from './measure/format.ts'
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
/** Chromium refuses what a page asks for beyond some thousand at once: it waits where the machine is too slow for the rate. */
const mostOpen = 300

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

interface Usage {
  asked: number
  /** Answered to the page, a second. */
  rate: number
  recorded: number
  /** Told by the browser, too. */
  merged: number
  /** Of a core. */
  daemon: number
  browser: number
}

const steadyPage = (seconds: number) => `<!doctype html><link rel="icon" href="data:,"><script>
  const began = performance.now()
  let asked = 0
  let open = 0
  const ask = async (path) => {
    open++
    await fetch(path, { cache: 'no-store' }).then((response) => response.text()).catch(() => undefined)
    open--
  }
  const step = () => {
    const due = Math.min(${seconds * perSecond}, Math.floor((performance.now() - began) * ${perSecond / 1000}))
    while (asked < due && open < ${mostOpen}) ask('/item/' + asked++)
    if (asked < ${seconds * perSecond} || open > 0) setTimeout(step, 10)
    else fetch('/done')
  }
  fetch('/begin').then(step)
</script>`

/** A site that says when its page begins and when it is done. */
async function startSteadySite(seconds: number) {
  const begun = Promise.withResolvers<void>()
  const done = Promise.withResolvers<void>()
  let asked = 0
  const server = createSecureServer({ ...(await (await testCa()).issue(['localhost'])) }, (request, response) => {
    const { url: path = '' } = request
    if (path === '/begin') begun.resolve()
    if (path === '/done') done.resolve()
    if (path.startsWith('/item/')) asked++
    response.setHeader('content-type', path === '/' ? 'text/html' : 'application/json')
    response.end(path === '/' ? steadyPage(seconds) : `{"path":"${path}","fill":"${'x'.repeat(1000)}"}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `https://localhost:${(server.address() as AddressInfo).port}/`
  return { url, begun: begun.promise, done: done.promise, asked: () => asked, close: () => server.close() }
}

const browserUnder = (pid: number): number => {
  const found = processTree(pid).find(isChromium)
  if (found === undefined) throw new Error('there is no browser')
  return found
}

/** Opens the page and gives back how the browser ends. */
type Open = (url: string, proxyPort: number, sessionId: string) => Promise<() => Promise<unknown>>

const asSource =
  (daemon: WeirDaemon): Open =>
  async (url, _port, sessionId) => {
    const { sourceId } = await daemon.call('source/start', { kind: 'browser', sessionId, url, headless: true, executable })
    return () => daemon.call('source/stop', { sourceId })
  }

const byItself: Open = async (url, port) => {
  const browser = await chromium.launch({
    executablePath: executable,
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--ignore-certificate-errors',
    ],
    proxy: { server: `http://127.0.0.1:${port}`, bypass: '<-loopback>' },
  })
  // Not awaited: the page asks all the time.
  void (await browser.newPage()).goto(url).catch(() => undefined)
  return () => browser.close()
}

async function steady(daemon: WeirDaemon, name: string, open: Open, seconds: number): Promise<Usage> {
  const site = await startSteadySite(seconds)
  const { id: sessionId, proxy } = await openSession(daemon, name)
  const end = await open(site.url, proxy?.port ?? 0, sessionId)
  await site.begun
  const browser = browserUnder(open === byItself ? process.pid : daemon.pid)
  const at = performance.now()
  const [all, ofBrowser] = [cpuMs(daemon.pid), cpuMs(browser)]
  await site.done
  const tookMs = performance.now() - at
  const [allNow, ofBrowserNow] = [cpuMs(daemon.pid), cpuMs(browser)]
  await end()
  await daemon.call('session/stop', { sessionId })
  site.close()
  const items = (await exchangesOf(daemon, sessionId)).filter(({ request }) => request.url.includes('/item/'))
  const browserMs = ofBrowserNow - ofBrowser
  return {
    asked: site.asked(),
    rate: (1000 * site.asked()) / tookMs,
    recorded: items.filter(({ source, state }) => source === 'proxy' && state === 'complete').length,
    merged: items.filter(({ browser }) => browser !== undefined).length,
    daemon: (allNow - all - (open === byItself ? 0 : browserMs)) / tookMs,
    browser: browserMs / tookMs,
  }
}

async function run(context: Context): Promise<Outcome> {
  if (chromiumPath === null) {
    const rows: RowResult[] = ['h1', 'h2', 'rate', 'cpu'].map((id) => ({ id, measured: '', verdict: 'not measured' }))
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
    const seconds = context.quick ? 4 : 20
    context.log('with the source')
    const told = await steady(daemon, 'with', asSource(daemon), seconds)
    context.log('without')
    const untold = await steady(daemon, 'without', byItself, seconds)
    rows.push(
      {
        id: 'rate',
        measured: `at ${whole(told.rate)}/s ${whole(told.recorded)} of ${whole(told.asked)} on record, ${whole(told.merged)} told by the browser, too`,
        verdict: judge(told.rate > 0.9 * perSecond, told.recorded === told.asked && told.merged >= 0.99 * told.asked),
      },
      {
        id: 'cpu',
        measured: `daemon ${percent(told.daemon)} of a core (${percent(untold.daemon)} without), browser ${percent(told.browser)} (${percent(untold.browser)})`,
        verdict: 'for information',
      },
    )
    const table: Table = {
      title: `${perSecond} requests a second of one page, ${seconds} s`,
      columns: ['', 'asked', 'a second', 'on record', 'told by the browser', 'daemon, cores', 'browser, cores'],
      rows: [told, untold].map((usage, index) => [
        index === 0 ? 'with the source' : 'proxy alone',
        whole(usage.asked),
        whole(usage.rate),
        whole(usage.recorded),
        whole(usage.merged),
        usage.daemon.toFixed(2),
        usage.browser.toFixed(2),
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

export const bench: Bench = {
  name: 'browser',
  rows: [
    { id: 'h1', ...merged('HTTP/1.1') },
    { id: 'h2', ...merged('HTTP/2') },
    {
      id: 'rate',
      work: '500 requests a second of one page, with the source',
      target: 'none lost, at least 99 % told by the browser, too',
      limits: 'What the browser tells is read in one thread of a process of its own.',
    },
    {
      id: 'cpu',
      work: 'the same, CPU with the source and without',
      target: 'none',
      limits: 'The NetLog and CDP are text that the browser writes for each request.',
    },
  ],
  run,
}
