/**
 * A viewer that is left open for a day, in minutes: a million exchanges arrive while it follows them, with queries, connections that are
 * lost, hours in which its page is frozen, and sessions that come and go. What does the page keep, and does it show what is there?
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type Bench, type Context, judge, type Outcome } from './bench.ts'
import { type LoadedSession, withFilledSession } from './filled-session.ts'
import { megabytes, whole } from './measure/format.ts'
import { rssBytes } from './measure/process-usage.ts'
import { type PageUse, ViewerPage } from './measure/viewer-page.ts'

const rounds = 10
const passingSessions = 20
/** A screen of rows that was replaced and not collected yet counts beside the one in sight; what leaks a screen a round is beyond it at the second. */
const mostGrowth = 2

interface Round extends PageUse {
  arrived: number
  perSecond: number
  daemonRss: number
  /** Until the last row was there, after the last exchange, ms. */
  behindMs: number
  problem: string
}

/** Keeps the longest time, ms, in which the page's clock did not tick. */
const watchTicks = `(() => {
  let last = performance.now()
  window.longestPause = 0
  setInterval(() => {
    window.longestPause = Math.max(window.longestPause, performance.now() - last)
    last = performance.now()
  }, 50)
})()`

/** The processes that run pages; this is the only one there is. */
async function renderers({ page }: ViewerPage): Promise<number[]> {
  const devtools = await page.context().browser()?.newBrowserCDPSession()
  const { processInfo } = (await devtools?.send('SystemInfo.getProcessInfo')) ?? { processInfo: [] }
  await devtools?.detach()
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
}

/**
 * Stops the page's process, as a machine that sleeps does: Chromium takes no wish to freeze a page that is in sight. Says when the page ran all
 * the same.
 */
async function freeze(viewer: ViewerPage, session: LoadedSession, exchanges: number): Promise<string> {
  await viewer.page.evaluate('window.longestPause = 0')
  const pids = await renderers(viewer)
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  const began = performance.now()
  let frozenMs = 0
  try {
    await session.exchange({ exchanges })
  } finally {
    frozenMs = performance.now() - began
    for (const pid of pids) process.kill(pid, 'SIGCONT')
  }
  for (let tries = 0; tries < 200; tries++) {
    if (Number(await viewer.page.evaluate('window.longestPause')) >= frozenMs) return ''
    await delay(50)
  }
  return `the page ran while it was to be frozen for ${whole(frozenMs)} ms`
}

/** Returns once there is one again: the page tries after 15 s at the latest. */
async function loseConnection({ page, port }: ViewerPage, session: LoadedSession, exchanges: number): Promise<void> {
  await session.daemon.call('websocket/stop', {})
  await page.locator('body:not([data-connection=open])').waitFor()
  await session.exchange({ exchanges })
  await session.daemon.call('websocket/start', { port })
  await page.locator('body[data-connection=open]').waitFor({ timeout: 60_000 })
}

async function passSessions({ daemon }: LoadedSession): Promise<void> {
  for (let at = 0; at < passingSessions; at++) {
    const { id } = await daemon.startSession(`passing ${at}`, '')
    await daemon.call('session/stop', { sessionId: id })
    await daemon.call('session/delete', { sessionId: id })
  }
}

const rowCount = async ({ page }: ViewerPage): Promise<number> => Number(await page.locator('#grid').getAttribute('aria-rowcount')) - 1

/** Waits until the table ends with the session's last exchange; else says what it shows. */
async function shown(viewer: ViewerPage, sent: number): Promise<string> {
  for (let tries = 0; tries < 1200; tries++) {
    if ((await rowCount(viewer)) === sent && (await lastSeq(viewer)) === sent) return ''
    await delay(50)
  }
  return `the table has ${await rowCount(viewer)} rows up to ${await lastSeq(viewer)}, of ${sent}`
}

const lastSeq = async ({ page }: ViewerPage): Promise<number> =>
  Number(await page.evaluate(`Math.max(0, ...[...document.querySelectorAll('.canvas .seq')].map((seq) => Number(seq.textContent)))`))

async function round(viewer: ViewerPage, session: LoadedSession, exchanges: number): Promise<Round> {
  const part = Math.floor(exchanges / 5)
  const { daemon, facts } = session
  const { elapsedMs } = await session.exchange({ exchanges: exchanges - 4 * part })
  await viewer.query('path:*7')
  await session.exchange({ exchanges: part })
  await viewer.query('')
  const frozen = await freeze(viewer, session, part)
  await loseConnection(viewer, session, part)
  await passSessions(session)
  await viewer.page.locator('#follow').click()
  await session.exchange({ exchanges: part })
  const began = performance.now()
  const problem = frozen || (await session.problem()) || (await shown(viewer, session.sent))
  const behindMs = performance.now() - began
  const options = await viewer.page.locator('#session option').count()
  const use = await viewer.use()
  return {
    ...use,
    arrived: session.sent,
    perSecond: ((exchanges - 4 * part) * 1000) / elapsedMs,
    daemonRss: rssBytes(daemon.pid),
    behindMs,
    problem: problem || (options === 1 ? '' : `the list has ${options - 1} sessions beside ${facts.name}`),
  }
}

async function run(context: Context): Promise<Outcome> {
  const notes = [
    `Each round: a fifth of its exchanges while the table follows, one with a query, one while the page's process is stopped, one while the connection is lost, one afterwards; ${passingSessions} sessions come and go.`,
  ]
  const arriving = context.quick ? 50_000 : 1_000_000
  const measured: Round[] = []
  await withFilledSession(context, 1000, notes, async (session) => {
    const viewer = await ViewerPage.open(session)
    await viewer.page.evaluate(watchTicks)
    for (let at = 0; at < rounds; at++) {
      const found = await round(viewer, session, arriving / rounds)
      measured.push(found)
      context.log(`  ${found.arrived} arrived, heap ${megabytes(found.heap)}, ${found.nodes} nodes${found.problem && `; ${found.problem}`}`)
    }
    await viewer.close()
  })
  const [first, last] = [measured[0], measured.at(-1)]
  if (!first || !last) return { rows: [{ id: 'kept', measured: '', verdict: 'not measured' }], tables: [], notes }
  const problem = measured.find((each) => each.problem)?.problem ?? ''
  const most = (of: 'heap' | 'nodes' | 'listeners') => Math.max(...measured.map((each) => each[of]))
  const isBounded =
    most('heap') <= 64_000_000 && most('nodes') <= first.nodes * mostGrowth && most('listeners') <= first.listeners * mostGrowth
  const kept = (['heap', 'nodes', 'listeners'] as const)
    .map((of) => {
      const shown = of === 'heap' ? megabytes : whole
      return `${of} ${shown(first[of])} after the first tenth, ${shown(last[of])} at the end, at most ${shown(most(of))}`
    })
    .join('; ')
  return {
    rows: [{ id: 'kept', measured: kept + (problem && `; ${problem}`), verdict: judge(problem === '', isBounded) }],
    tables: [
      {
        title: `The viewer while ${whole(arriving)} exchanges arrive`,
        columns: ['arrived', 'exchanges/s', 'last row after', 'heap', 'nodes', 'listeners', 'daemon RSS'],
        rows: measured.map((each) => [
          whole(each.arrived),
          whole(each.perSecond),
          `${whole(each.behindMs)} ms`,
          megabytes(each.heap),
          whole(each.nodes),
          whole(each.listeners),
          megabytes(each.daemonRss),
        ]),
      },
    ],
    notes,
  }
}

export const bench: Bench = {
  name: 'viewer-day',
  rows: [
    {
      id: 'kept',
      work: 'the viewer left open while 1,000,000 exchanges arrive: what the page keeps',
      target: 'heap <= 64 MB; nodes and listeners after each tenth at most twice those after the first; every last row shown',
      limits: '',
    },
  ],
  run,
}
