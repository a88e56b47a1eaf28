/** The viewer over a session of a million, in Chromium: how soon the rows are there wherever its scroll bar is dragged to, and what the page keeps. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { type Bench, type Context, judge, type Outcome } from './bench.ts'
import { withFilledSession } from './filled-session.ts'
import { megabytes, milliseconds, whole } from './measure/format.ts'
import { quantile } from './measure/statistics.ts'
import { ViewerPage } from './measure/viewer-page.ts'

/** What follows is one digit of each, so rows and seqs differ by a factor that nobody told the page. */
const queries = { 'all of them': '', 'those whose path has a 7': 'path~7', 'a tenth of them': 'path:*7' }

/** Drags the scroll bar there; ms until every row in sight is there. */
const jump = (page: Page, share: number): Promise<number> =>
  page.evaluate(`new Promise((resolve, reject) => {
    const scroller = document.querySelector('.scroller')
    const began = performance.now()
    scroller.scrollTop = ${share} * (scroller.scrollHeight - scroller.clientHeight)
    const look = () => {
      const rows = document.querySelectorAll('.canvas [role=row]')
      const isThere = rows.length > 10 && !document.querySelector('.canvas .coming')
      if (isThere && performance.now() > began + 20) resolve(performance.now() - began)
      else if (performance.now() > began + 60_000) reject(new Error('the rows did not come within a minute: ' + rows.length + ' are there'))
      else requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })`)

async function run(context: Context): Promise<Outcome> {
  const notes = ['From the moment the scroll bar stands there to the frame in which every row in sight shows its exchange.']
  const stored = context.quick ? 50_000 : 1_000_000
  const jumps = context.quick ? 30 : 200
  const times = new Map<string, number[]>()
  let used = Number.NaN
  await withFilledSession(context, stored, notes, async (session) => {
    const viewer = await ViewerPage.open(session)
    for (const [name, where] of Object.entries(queries)) {
      await viewer.query(where)
      // The columns beside the session are made when somebody first asks.
      await delay(3000)
      const taken: number[] = []
      for (let at = 0; at < jumps; at++) taken.push(await jump(viewer.page, (at * 0.6180339887) % 1))
      times.set(name, taken)
    }
    used = (await viewer.use()).heap
    await viewer.close()
  })
  const all = [...times.values()].flat()
  if (all.length === 0)
    return { rows: ['jump', 'heap'].map((id) => ({ id, measured: '', verdict: 'not measured' as const })), tables: [], notes }
  const [p50, p90] = [quantile(all, 0.5), quantile(all, 0.9)]
  return {
    rows: [
      { id: 'jump', measured: `p50 ${milliseconds(p50)}, p90 ${milliseconds(p90)}`, verdict: judge(true, p90 <= 250) },
      { id: 'heap', measured: megabytes(used), verdict: judge(true, used <= 64_000_000) },
    ],
    tables: [
      {
        title: `Jumps in the viewer over ${whole(stored)} exchanges`,
        columns: ['rows', 'jumps', 'p50', 'p90', 'longest'],
        rows: [...times].map(([name, taken]) => [
          name,
          String(taken.length),
          milliseconds(quantile(taken, 0.5)),
          milliseconds(quantile(taken, 0.9)),
          milliseconds(Math.max(...taken)),
        ]),
      },
    ],
    notes,
  }
}

export const bench: Bench = {
  name: 'viewer',
  rows: [
    {
      id: 'jump',
      work: 'the viewer at 1,000,000: a jump to any place, with and without a query',
      target: 'p90 <= 250 ms',
      limits: 'The queries: over all rows p90 is 80 ms, over a tenth of them 252 ms, with a text in paths 439 ms.',
    },
    { id: 'heap', work: 'the viewer at 1,000,000: JavaScript heap after 600 jumps', target: '<= 64 MB', limits: '' },
  ],
  run,
}
