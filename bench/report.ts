/** Keeps the outcome of each full run beside the benches, and writes docs/benchmarks.md from all that are kept. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Bench, Outcome, Table } from './bench.ts'

interface Kept extends Outcome {
  date: string
  commit: string
  machine: string
}

const fileOf = (name: string) => fileURLToPath(new URL(`./results/${name}.json`, import.meta.url))
const reportFile = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url))

function commit(): string {
  try {
    const cwd = fileURLToPath(new URL('.', import.meta.url))
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return 'unknown'
  }
}

function machine(): string {
  const { node, openssl } = process.versions
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${memory} GiB, Linux ${release()}, Node ${node} (OpenSSL ${openssl})`
}

export function saveOutcome(name: string, outcome: Outcome): void {
  mkdirSync(fileURLToPath(new URL('./results/', import.meta.url)), { recursive: true })
  const kept: Kept = { date: new Date().toISOString().slice(0, 16), commit: commit(), machine: machine(), ...outcome }
  writeFileSync(fileOf(name), `${JSON.stringify(kept, null, 2)}\n`)
}

const cell = (text: string) => text.replaceAll('|', '\\|')
const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`

export function renderTable({ title, columns, rows }: Table): string {
  return [`**${title}**`, '', line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
}

const introduction = `# Benchmarks

Written by \`npm run bench\`; the texts under "what limits it" live in \`bench/*.ts\`. Whole processes, warm-up, systems measured by turns
(A B C, B C A, ...), medians with (lowest-highest); a ratio is the median of the ratios round by round, and only ratios travel from one machine to
another. Load generator and origin are one process on a core of its own, the proxy with all its threads on another, unless a row says otherwise. CPU is
\`utime + stime\` of all threads and child processes until the last exchange is stored. A measurement whose record is not complete says INVALID;
one made while other programs used the machine says noisy, and its rates mean little. Before each bench most of the free memory is used once and given
back: in a virtual machine the first use of memory is slow (0.4 GB/s against 3.7 GB/s here), and only who fills files would pay for it.

- **blind**: a Node proxy that terminates TLS on both sides, upstream first, with back-pressure, and records nothing: the limit.
- **mockttp**: stock pass-through with request and response listeners, nothing on disk.
- **mitmdump**: \`mitmdump -w FILE\`.
- **bare-http**: a node:http forward proxy for clear text that records nothing.`

/** Rows of benches that were never run in full say so. */
export function writeReport(benches: readonly Bench[]): void {
  const kept = new Map<string, Kept>()
  for (const { name } of benches) {
    if (existsSync(fileOf(name))) kept.set(name, JSON.parse(readFileSync(fileOf(name), 'utf8')) as Kept)
  }
  const summary = benches.flatMap((bench) =>
    bench.rows.map((row) => {
      const result = kept.get(bench.name)?.rows.find(({ id }) => id === row.id)
      const measured = !result || result.verdict === 'not measured' ? 'not measured' : result.measured
      const noisy = measured !== 'not measured' && kept.get(bench.name)?.notes.some((note) => note.startsWith('NOISY'))
      return line([row.work, row.target, measured, `${result?.verdict ?? 'not measured'}${noisy ? ' (noisy)' : ''}`, row.limits || '-'])
    }),
  )
  const details = benches.map((bench) => {
    const run = kept.get(bench.name)
    if (!run) return `## ${bench.name}\n\nNot measured.`
    const facts = `${run.date}Z, commit ${run.commit}, ${run.machine}.`
    const notes = run.notes.map((note) => `- ${note}`).join('\n')
    return [`## ${bench.name}`, facts, notes, ...run.tables.map(renderTable)].filter(Boolean).join('\n\n')
  })
  const head = [line(['work', 'target', 'measured', 'verdict', 'what limits it']), line(Array.from({ length: 5 }, () => '---'))]
  writeFileSync(reportFile, `${[introduction, [...head, ...summary].join('\n'), ...details].join('\n\n')}\n`)
}
