/** The browser extension under load: whether it loses a request, and what it costs the browser. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CdpConnection } from '../plugins/interceptor/cdp/connection.ts'
import { connectEndpoint } from '../plugins/interceptor/cdp/endpoint.ts'
import { chromiumPath } from '../tests/support/chromium.ts'
import { type Bench, type Context, judge, type Outcome, type RowResult } from './bench.ts'
import { type OwnChromium, startOwnChromium } from './load/own-chromium.ts'
import { type Round, type SteadySite, startSteadySite } from './load/steady-site.ts'
import { percent, whole } from './measure/format.ts'
import { cpuMs } from './measure/process-usage.ts'
import { WeirDaemon, weirScript } from './systems/weir-daemon.ts'

const perSecond = 500
/** A slow machine may still be telling when the page is long done, ms. */
const toldWithinMs = 60_000

interface Measured extends Round {
  /** Of the browser, all its processes; µs a request. */
  browserUs: number
  daemonUs: number
}

interface Bed {
  site: SteadySite
  browser: OwnChromium
  daemon: WeirDaemon
}

/** @param settled resolves when all that follows from the round is over */
async function measure({ site, browser, daemon }: Bed, count: number, settled: () => Promise<unknown>): Promise<Measured> {
  const [ofBrowser, ofDaemon] = [cpuMs(browser.pid), cpuMs(daemon.pid)]
  const round = await site.round(count, perSecond)
  await settled()
  const usOf = (pid: number, before: number) => ((cpuMs(pid) - before) * 1000) / count
  return { ...round, browserUs: usOf(browser.pid, ofBrowser), daemonUs: usOf(daemon.pid, ofDaemon) }
}

/** What its popup asks the extension for, in order. Nobody watches the browser afterwards. */
async function tell({ browser }: Bed, extension: string, commands: readonly object[]): Promise<void> {
  const connection = new CdpConnection(await connectEndpoint(browser.endpoint), { away: 'the browser is gone' })
  try {
    const { targetId } = await connection.ask('Target.createTarget', { url: `chrome-extension://${idOf(extension)}/popup.html` })
    const { sessionId } = await connection.ask('Target.attachToTarget', { targetId, flatten: true })
    for (const command of commands) {
      const expression = `chrome.runtime.sendMessage(${JSON.stringify(command)}).then(({ error }) => error)`
      const { result } = await connection.ask('Runtime.evaluate', { expression, awaitPromise: true }, sessionId)
      if (result.type !== 'undefined') throw new Error(`the extension: ${String(result.value ?? result.description)}`)
    }
    await connection.ask('Target.closeTarget', { targetId })
  } finally {
    connection.close()
  }
}

/** Of its key (Chromium: the first 128 bits of its SHA-256, a to p for 0 to f). */
function idOf(extension: string): string {
  const { key } = JSON.parse(readFileSync(join(extension, 'manifest.json'), 'utf8')) as { key: string }
  const digits = createHash('sha256').update(Buffer.from(key, 'base64')).digest('hex').slice(0, 32)
  return digits.replace(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)))
}

async function run(context: Context): Promise<Outcome> {
  if (chromiumPath === null) {
    const rows: RowResult[] = ['whole', 'rate', 'cpu'].map((id) => ({ id, measured: '', verdict: 'not measured' }))
    return { rows, tables: [], notes: ['There is no Chromium: nothing was measured.'] }
  }
  const count = perSecond * (context.quick ? 4 : 20)
  const rounds = context.quick ? 2 : 5
  const extension = context.folder('extension')
  execFileSync(process.execPath, [weirScript, 'browser', 'extension', extension], { stdio: 'ignore' })
  const site = await startSteadySite()
  const daemon = await WeirDaemon.start(context.folder('home'), context.cores.spread)
  const browser = await startOwnChromium(chromiumPath, context.folder('browser'), [
    `--disable-extensions-except=${extension}`,
    `--load-extension=${extension}`,
  ])
  const bed = { site, browser, daemon }
  try {
    await browser.open(site.url)
    await site.round(perSecond, perSecond)
    const off: Measured[] = []
    for (let round = 0; round < rounds; round++) off.push(await measure(bed, count, () => delay(500)))
    const { port } = await daemon.call('websocket/start', { port: 0 })
    const { code } = await daemon.call('pairing/start', { rights: ['read', 'capture', 'feed'] })
    await tell(bed, extension, [
      { command: 'pair', port, code },
      { command: 'start', sessionId: null },
    ])
    const sessionId = (await daemon.call('session/list', {})).items[0]?.id ?? ''
    const countOf = async (where: string) => (await daemon.call('exchange/count', { sessionId, where })).count
    let expected = 0
    const recorded = async () => {
      expected += count
      for (let waited = 0; waited < toldWithinMs; waited += 200) {
        if ((await countOf('path:/item/* status:200')) >= expected) return
        await delay(200)
      }
    }
    const on: Measured[] = []
    for (let round = 0; round < rounds; round++) on.push(await measure(bed, count, recorded))
    const [complete, all] = [await countOf('path:/item/* status:200'), await countOf('path:/item/*')]
    const { gaps } = (await daemon.session(sessionId)).counts
    const asked = on.reduce((sum, one) => sum + one.asked, 0)
    const least = (list: Measured[]) => Math.min(...list.map(({ browserUs }) => browserUs))
    const lowest = (list: Measured[]) => Math.min(...list.map(({ rate }) => rate))
    const added = least(on) / least(off) - 1
    const [ceiling, rate] = [lowest(off), lowest(on)]
    const isValid = [...off, ...on].every((one) => one.failed === 0 && one.asked === count)
    return {
      rows: [
        {
          id: 'whole',
          measured: `${whole(complete)} of ${whole(asked)} complete on record (${whole(all)} in all), ${gaps} gaps`,
          verdict: judge(isValid, complete === asked && all === asked && gaps === 0),
        },
        {
          id: 'rate',
          measured: `${whole(rate)}/s, ${whole(ceiling)}/s without`,
          verdict: judge(isValid && ceiling >= 0.95 * perSecond, rate >= 0.95 * perSecond),
        },
        {
          id: 'cpu',
          measured: `+${percent(added)}: ${whole(least(on))} us a request instead of ${whole(least(off))}; the daemon ${whole(Math.min(...on.map(({ daemonUs }) => daemonUs)))} us`,
          verdict: judge(isValid, added <= 1),
        },
      ],
      tables: [
        {
          title: `${whole(count)} POST requests of a page over HTTP/2, ${perSecond} a second asked for`,
          columns: ['extension', 'requests/s', 'browser, us a request', 'daemon, us a request'],
          rows: [...off.map((one) => ['off', one] as const), ...on.map((one) => ['on', one] as const)].map(([name, one]) => [
            name,
            whole(one.rate),
            whole(one.browserUs),
            whole(one.daemonUs),
          ]),
        },
      ],
      notes: [
        'The browser is headless, all its processes count, and nothing but the extension watches its page. The lowest of all rounds is the rate, the least the CPU.',
        'The rate is INVALID where the page does not come to it on this machine without the extension; what is lost is counted all the same.',
      ],
    }
  } finally {
    await browser.close()
    await daemon.stop()
    site.close()
  }
}

export const bench: Bench = {
  name: 'extension',
  rows: [
    {
      id: 'whole',
      work: 'the extension tells of the requests of one page that asks 500 a second, or as fast as it can',
      target: 'each on record once, complete, no gap',
      limits: '',
    },
    {
      id: 'rate',
      work: 'the same: what the page comes to',
      target: '500/s',
      limits: 'CPU: the browser has two cores together with the origin, the load and the daemon.',
    },
    {
      id: 'cpu',
      work: 'the same: CPU of the browser',
      target: '<= +100 %',
      limits: 'chrome.webRequest itself: listeners that do nothing cost 65 to 80 % already, whatever they ask for.',
    },
  ],
  run,
}
