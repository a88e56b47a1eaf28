/**
 * `npm run bench -- [name...] [--quick] [--systems a,b] [--report]`
 * No name runs every bench. A full run (no --quick, no --systems) keeps its outcome in bench/results and writes
 * docs/benchmarks.md from all that are kept; --report only writes it again.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Bench, Context } from './bench.ts'
import { megabytes, percent } from './measure/format.ts'
import { machineBusyMs } from './measure/process-usage.ts'
import { touchMemory } from './measure/touched-memory.ts'
import { renderTable, saveOutcome, writeReport } from './report.ts'

/** In the order of the report. */
const names = [
  'https-throughput',
  'http-throughput',
  'h2-throughput',
  'latency',
  'large-bodies',
  'h2-bodies',
  'websocket',
  'tunnels',
  'idle-tunnels',
  'many-sessions',
  'million',
  'list',
  'har-export',
  'exports',
  'long-read',
  'subscriptions',
  'search',
  'query',
  'viewer',
  'viewer-day',
  'jar-lookup',
  'cookies',
  'browser',
  'extension',
  'beside-long-work',
  'start-and-memory',
]

async function load(name: string): Promise<Bench> {
  return ((await import(`./${name}.ts`)) as { bench: Bench }).bench
}

function coresOf(): Pick<Context, 'cores' | 'spreadMeans'> {
  const count = availableParallelism()
  if (count < 2) throw new Error('the benches need two cores: one for the load, one for the proxy')
  if (count === 2) {
    return {
      cores: { load: '1', one: '0', spread: '0,1' },
      spreadMeans: 'Not pinned: the proxy may use both cores, of which the load already fills one (this machine has two)',
    }
  }
  const others = Array.from({ length: count }, (_, core) => core).filter((core) => core !== 1)
  return {
    cores: { load: '1', one: '0', spread: others.join(',') },
    spreadMeans: `A core for each thread: the proxy has ${others.length} cores, the load one`,
  }
}

/** Cores that somebody else uses while nothing of ours runs, over a second. */
async function otherCores(): Promise<number> {
  const before = machineBusyMs()
  await delay(1000)
  return (machineBusyMs() - before) / 1000
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, systems: { type: 'string' }, report: { type: 'boolean', default: false } },
})
const unknown = positionals.filter((name) => !names.includes(name))
if (unknown.length) {
  process.stderr.write(`unknown bench: ${unknown.join(', ')}; there are: ${names.join(', ')}\n`)
  process.exit(2)
}

const scratch = mkdtempSync(join(tmpdir(), 'weir-bench-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
const context: Context = {
  ...coresOf(),
  quick: values.quick,
  only: values.systems?.split(',') ?? null,
  folder: (purpose) => mkdtempSync(join(scratch, `${purpose}-`)),
  log: (line) => void process.stderr.write(`${line}\n`),
}
const keep = !context.quick && !context.only
const benches = await Promise.all(names.map(load))
let failed = false
for (const bench of values.report ? [] : benches) {
  if (positionals.length && !positionals.includes(bench.name)) continue
  // Who tries something out shares the machine, perhaps with others who do: all of its memory is taken for numbers that are kept only.
  const touched = keep ? touchMemory() : 0
  const others = await otherCores()
  context.log(`== ${bench.name} (others use ${percent(others)} of a core; ${megabytes(touched)} of memory touched)`)
  try {
    const outcome = await bench.run(context)
    if (others > 0.05) outcome.notes.push(`NOISY: before this run, other processes used ${percent(others)} of a core; rates mean little.`)
    for (const table of outcome.tables) process.stdout.write(`\n${renderTable(table)}\n`)
    for (const note of outcome.notes) process.stdout.write(`note: ${note}\n`)
    for (const row of outcome.rows) process.stdout.write(`${row.id}: ${row.measured || '-'} [${row.verdict}]\n`)
    if (keep) saveOutcome(bench.name, outcome)
  } catch (error) {
    failed = true
    context.log(`FAILED ${bench.name}: ${(error as Error).stack}`)
  }
}
if (keep) writeReport(benches)
process.exitCode = failed ? 1 : 0
