/** The browser extension under load: whether it loses a request, and what it costs the browser. */
import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { chromiumPath } from '../tests/support/chromium.ts'
import { type Extended, launchWithExtension, pairAndStart } from '../tests/support/extension.ts'
import { type Bench, type Context, judge, type Outcome } from './bench.ts'
import { percent, whole } from './measure/format.ts'
import { cpuMs } from './measure/process-usage.ts'
import { WeirDaemon, weirScript } from './systems/weir-daemon.ts'

const perSecond = 500

/** In the page: so many fetches a second, each to its own URL, until all are answered. */
async function fetchAtRate(page: Page, base: string, count: number): Promise<number> {
  return page.evaluate(
    async ({ base, count, perSecond }) => {
      const begun = performance.now()
      const pending: Promise<unknown>[] = []
      for (let sent = 0; sent < count; ) {
        const due = Math.min(count, Math.ceil(((performance.now() - begun) / 1000) * perSecond))
        for (; sent < due; sent++)
          pending.push(fetch(`${base}/n/${sent}`, { method: 'POST', body: `{"n":${sent}}` }).then((response) => response.text()))
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      await Promise.all(pending)
      return (count * 1000) / (performance.now() - begun)
    },
    { base, count, perSecond },
  )
}

interface Measured {
  rate: number
  cpuPerRequestUs: number
}

/** CPU of the browser, all its processes. */
async function measure(page: Page, pid: number, base: string, count: number): Promise<Measured> {
  const before = cpuMs(pid)
  const rate = await fetchAtRate(page, base, count)
  // The extension is still telling.
  await delay(500)
  return { rate, cpuPerRequestUs: ((cpuMs(pid) - before) * 1000) / count }
}

async function browserPid({ context }: Extended): Promise<number> {
  const page = await context.newPage()
  const session = (await context.browser()?.newBrowserCDPSession()) ?? (await context.newCDPSession(page))
  const { processInfo } = (await session.send('SystemInfo.getProcessInfo')) as { processInfo: { type: string; id: number }[] }
  await page.close()
  return processInfo.find(({ type }) => type === 'browser')?.id ?? 0
}

async function run(context: Context): Promise<Outcome> {
  if (chromiumPath === null) throw new Error('this bench needs Chromium: install it, or name it in the variable CHROMIUM')
  const count = perSecond * (context.quick ? 2 : 20)
  const rounds = context.quick ? 1 : 5
  const origin = createServer((request, response) => {
    request.resume()
    response.setHeader('Content-Type', request.url === '/' ? 'text/html' : 'application/json')
    response.end(request.url === '/' ? '<title>load</title>' : '{"ok":true}')
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`
  const daemon = await WeirDaemon.start(context.folder('home'), context.cores.spread)
  const extension = context.folder('extension')
  execFileSync(process.execPath, [weirScript, 'browser', 'extension', extension], { stdio: 'ignore' })
  const extended = await launchWithExtension({ executable: chromiumPath, extension, profile: context.folder('browser') })
  try {
    const pid = await browserPid(extended)
    const page = await extended.context.newPage()
    await page.goto(base)
    await measure(page, pid, base, perSecond)
    const idle: Measured[] = []
    for (let round = 0; round < rounds; round++) idle.push(await measure(page, pid, base, count))
    const { port } = await daemon.call('websocket/start', { port: 0 })
    const { code } = await daemon.call('pairing/start', { rights: ['read', 'capture', 'feed'] })
    const popup = await extended.popup()
    await pairAndStart(popup, code, port)
    await popup.close()
    const told: Measured[] = []
    for (let round = 0; round < rounds; round++) told.push(await measure(page, pid, base, count))
    const { items } = await daemon.call('session/list', {})
    const sessionId = items[0]?.id ?? ''
    const expected = rounds * count
    let recorded = 0
    for (let waited = 0; waited < 100 && recorded < expected; waited++) {
      recorded = (await daemon.call('exchange/count', { sessionId, where: 'path:/n/* status:200' })).count
      if (recorded < expected) await delay(100)
    }
    const { gaps } = (await daemon.session(sessionId)).counts
    const least = (list: Measured[]) => Math.min(...list.map(({ cpuPerRequestUs }) => cpuPerRequestUs))
    const added = least(told) / least(idle) - 1
    const rate = Math.min(...told.map((one) => one.rate))
    const isValid = rate >= perSecond * 0.98
    return {
      rows: [
        {
          id: 'whole',
          measured: `${whole(recorded)} of ${whole(expected)} at ${whole(rate)}/s, ${gaps} gaps`,
          verdict: judge(isValid, recorded === expected && gaps === 0),
        },
        {
          id: 'cpu',
          measured: `+${percent(added)}: ${whole(least(told))} us a request instead of ${whole(least(idle))}`,
          verdict: judge(isValid, added <= 1),
        },
      ],
      tables: [
        {
          title: 'CPU of the browser, all its processes',
          columns: ['round', 'requests/s', 'us a request'],
          rows: [...idle.map((one) => ['extension off', one] as const), ...told.map((one) => ['extension on', one] as const)].map(
            ([name, one]) => [name, whole(one.rate), whole(one.cpuPerRequestUs)],
          ),
        },
      ],
      notes: [
        `A page of a headless Chromium makes ${perSecond} POST requests a second with bodies; the lowest of ${rounds} rounds counts.`,
      ],
    }
  } finally {
    await extended.context.close()
    await daemon.stop()
    origin.close()
  }
}

export const bench: Bench = {
  name: 'extension',
  rows: [
    { id: 'whole', work: 'the extension tells of 500 requests/s of one page', target: 'each on record, no gap', limits: '' },
    { id: 'cpu', work: 'the extension: CPU of the browser', target: '<= +100 %', limits: '' },
  ],
  run,
}
