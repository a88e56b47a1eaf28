/** What it costs to put cookie changes on record, every answer setting one, and how soon a change reaches the targets of a sync rule. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import { chromiumPath } from '../tests/support/chromium.ts'
import { type Bench, type Context, judge, type Outcome, type RowResult, type Table } from './bench.ts'
import { LoadedSession } from './filled-session.ts'
import { Load } from './load/load.ts'
import { milliseconds } from './measure/format.ts'
import { quantile } from './measure/statistics.ts'
import { compareRow, compareThroughput, throughputTable } from './measure/throughput.ts'
import { weir, weirWithoutCookies } from './systems/weir.ts'
import { WeirDaemon } from './systems/weir-daemon.ts'

/** How a target is asked whether it holds a value; true: it does. */
type Holds = (serial: number) => Promise<boolean>

interface Reached {
  name: string
  times: number[]
}

/** From the client's last byte to the target. */
async function reach(session: LoadedSession, name: string, rounds: number, holds: Holds): Promise<Reached> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const { ends } = await session.exchange({ exchanges: 1, ends: true })
    const [end] = ends
    if (end === undefined) throw new Error('the exchange has no end')
    while (!(await holds(end.serial))) {
      if (Date.now() - end.at > 10_000) throw new Error(`${name} did not get its cookie`)
      await delay(1)
    }
    times.push(Date.now() - end.at)
    await delay(100)
  }
  return { name, times }
}

async function reachFile(context: Context, session: LoadedSession, folder: string): Promise<Reached> {
  const path = join(folder, 'cookies.txt')
  await session.daemon.call('sync/set', { domain: '127.0.0.1', targets: [{ plugin: 'cookies-txt', config: { path } }] })
  const held = (serial: number) => readFileSync(path, 'latin1').includes(String(serial))
  return reach(session, 'a file', context.quick ? 5 : 40, async (serial) => {
    try {
      return held(serial)
    } catch {
      return false
    }
  })
}

async function reachBrowser(context: Context, session: LoadedSession, profile: string): Promise<Reached> {
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath as string,
    args: ['--no-sandbox', '--remote-debugging-port=0', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
  try {
    const [port] = readFileSync(join(profile, 'DevToolsActivePort'), 'utf8').split('\n')
    const targets = [{ plugin: 'browser', config: { endpoint: `http://127.0.0.1:${port}` } }]
    await session.daemon.call('sync/set', { domain: '127.0.0.1', targets })
    const holds = async (serial: number) => (await browser.cookies()).some(({ value }) => Number(value) === serial)
    return await reach(session, 'a live browser', context.quick ? 5 : 40, holds)
  } finally {
    await browser.close()
  }
}

function rowOf(id: string, reached: Reached | null, mostMs: number): RowResult {
  if (reached === null) return { id, measured: '', verdict: 'not measured' }
  const [p50, longest] = [quantile(reached.times, 0.5), Math.max(...reached.times)]
  return { id, measured: `p50 ${milliseconds(p50)}, longest ${milliseconds(longest)}`, verdict: judge(true, longest <= mostMs) }
}

async function run(context: Context): Promise<Outcome> {
  const notes: string[] = []
  context.log('capture rate')
  const systems = [weir, weirWithoutCookies]
  const cores = context.cores.one
  const rates = await compareThroughput(context, { scheme: 'https', connections: 64, traffic: 'visits', systems, cores }, notes)
  const load = await Load.start(context.cores.load)
  const daemon = await WeirDaemon.start(context.folder('weir-sync'), context.cores.spread)
  const reached: Reached[] = []
  try {
    const session = await LoadedSession.open('sync', daemon, load, { connections: 1, traffic: 'visits' })
    context.log('targets')
    reached.push(await reachFile(context, session, context.folder('target')))
    if (chromiumPath === null) notes.push('There is no Chromium: the live browser was skipped.')
    else reached.push(await reachBrowser(context, session, context.folder('profile')))
    await session.discard()
  } finally {
    await daemon.stop()
    await load.stop()
  }
  const table: Table = {
    title: 'From the end of a response to the target that holds its cookie',
    columns: ['target', 'p50', 'p90', 'longest'],
    rows: reached.map(({ name, times }) => [
      name,
      milliseconds(quantile(times, 0.5)),
      milliseconds(quantile(times, 0.9)),
      milliseconds(Math.max(...times)),
    ]),
  }
  return {
    rows: [
      compareRow(
        'rate',
        rates,
        weirWithoutCookies.name,
        (series) => series.rates,
        (value) => value >= 0.95,
      ),
      rowOf('file', reached[0] ?? null, 200),
      rowOf('browser', reached[1] ?? null, 500),
    ],
    tables: [throughputTable('Every answer sets a cookie, one core for weir', rates, weirWithoutCookies.name), table],
    notes,
  }
}

export const bench: Bench = {
  name: 'cookies',
  rows: [
    {
      id: 'rate',
      work: 'HTTPS/1.1, 64 connections, every answer sets a cookie: rate with cookie changes on record',
      target: '>= 0.95 of without',
      limits: 'Reading the field, judging it, and a row of its own for each.',
    },
    {
      id: 'file',
      work: 'a cookie change reaches a file target',
      target: '<= 200 ms',
      limits: 'Batches of copies are up to 10 ms old, commits 25 ms apart.',
    },
    {
      id: 'browser',
      work: 'a cookie change reaches a live browser',
      target: '<= 500 ms',
      limits: 'As for a file, and two calls to the browser.',
    },
  ],
  run,
}
