/** What ten thousand idle TLS tunnels hold in memory, each, in weir and in a Node proxy that does nothing else. */
import { execFileSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { type Bench, type Context, judge, type Outcome, type RowResult } from './bench.ts'
import type { Load } from './load/load.ts'
import { ratio, whole } from './measure/format.ts'
import { type Entrant, withLineUp } from './measure/lineup.ts'
import { cpuMs, rssBytes } from './measure/process-usage.ts'
import { checkRecord } from './measure/record-check.ts'
import { blind } from './systems/control.ts'
import { weir, weirBypassing } from './systems/weir.ts'

interface Held {
  /** RSS that each tunnel added, bytes. */
  each: number
  /** The same after an exchange through each. */
  eachUsed: number
  /** CPU of the proxy while all of them were idle, in cores. */
  idleCores: number
  problem: string
}

/** A tunnel takes two descriptors of the proxy, and two of the load, which is the origin too. */
function mostTunnels(): number {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Math.floor((Number(limit) - 500) / 2)
}

async function measure(load: Load, entrant: Entrant, tunnels: number, restMs: number): Promise<Held> {
  const { target, running } = entrant
  // The memory that any tunnel takes, leaves and grown heaps, belongs to the baseline.
  const warmUp = Math.ceil(tunnels / 50)
  await load.call('openTunnels', { target, count: warmUp })
  await load.call('useTunnels', undefined)
  await load.call('closeTunnels', undefined)
  entrant.sent += warmUp
  await delay(restMs)
  const before = rssBytes(running.pid)
  await load.call('openTunnels', { target, count: tunnels })
  await delay(restMs)
  const cpuBefore = cpuMs(running.pid)
  await delay(restMs)
  const idleCores = (cpuMs(running.pid) - cpuBefore) / restMs
  const each = (rssBytes(running.pid) - before) / tunnels
  await load.call('useTunnels', undefined)
  entrant.sent += tunnels
  const { problem } = await checkRecord(entrant, 30_000)
  const eachUsed = (rssBytes(running.pid) - before) / tunnels
  await load.call('closeTunnels', undefined)
  return { each, eachUsed, idleCores, problem }
}

function row(id: string, all: Map<string, Held>, name: string, most: number): RowResult {
  const [ours, control] = [all.get(name), all.get('blind')]
  if (!ours || !control) return { id, measured: '', verdict: 'not measured' }
  const found = ours.each / control.each
  const kilobytes = `${whole(ours.each / 1000)} KB, blind ${whole(control.each / 1000)} KB`
  return {
    id,
    measured: `${ratio(found)} x; ${kilobytes}${ours.problem && `; ${ours.problem}`}`,
    verdict: judge(!ours.problem, found <= most),
  }
}

async function run(context: Context): Promise<Outcome> {
  const wanted = context.quick ? 500 : 10_000
  const tunnels = Math.min(wanted, mostTunnels())
  const notes = [
    `Each number is one measurement of ${whole(tunnels)} tunnels in a process of its own: RSS after they were opened, less RSS after a fiftieth as many were opened, used and closed. Afterwards one exchange through each shows that they were alive.`,
  ]
  if (tunnels < wanted) notes.push(`Fewer than ${whole(wanted)}: the hard limit of open files (\`ulimit -Hn\`) holds no more.`)
  const all = new Map<string, Held>()
  for (const system of [weir, blind, weirBypassing]) {
    await withLineUp(context, { scheme: 'https', systems: [system], cores: context.cores.spread }, notes, async (load, entrants) => {
      for (const entrant of entrants) {
        const held = await measure(load, entrant, tunnels, context.quick ? 1000 : 3000)
        all.set(system.name, held)
        context.log(`  ${system.name} ${whole(held.each / 1000)} KB a tunnel, ${whole(held.eachUsed / 1000)} KB once used`)
      }
    })
  }
  return {
    rows: [row('memory', all, 'weir', 1.3), row('bypassed', all, 'weir bypassing', 0.5)],
    tables: [
      {
        title: `${whole(tunnels)} idle tunnels. ${context.spreadMeans}`,
        columns: ['system', 'KB a tunnel', 'KB a tunnel, each used once', 'cores while idle'],
        rows: [...all].map(([name, { each, eachUsed, idleCores, problem }]) => [
          name + (problem ? ' INVALID' : ''),
          whole(each / 1000),
          whole(eachUsed / 1000),
          ratio(idleCores),
        ]),
      },
    ],
    notes,
  }
}

export const bench: Bench = {
  name: 'idle-tunnels',
  rows: [
    {
      id: 'memory',
      work: '10,000 idle TLS tunnels: memory of each',
      target: '<= 1.3 x blind',
      limits: 'The state of two TLS connections.',
    },
    { id: 'bypassed', work: '10,000 idle tunnels that are bypassed: memory of each', target: '<= 0.5 x blind', limits: 'Two sockets.' },
  ],
  run,
}
