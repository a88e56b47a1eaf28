/**
 * `npm run soak -- [--scale 0.1] [promise...]`: the checks behind the guarantees at their full sizes (or that share of them), the same files that
 * every test run goes through in small. Writes docs/guarantees.md from the outcomes that are kept.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { guaranteesPage } from './page.ts'
import { checks, promises } from './promises.ts'
import { type KeptOutcome, resultPath } from './size.ts'

const root = join(import.meta.dirname, '../..')
const known = Object.keys(promises).filter((number) => checks.some(({ promise }) => promise === Number(number)))

const { values, positionals } = parseArgs({ allowPositionals: true, options: { scale: { type: 'string', default: '1' } } })
const scale = Number(values.scale)
const chosen = positionals.length > 0 ? positionals : known
if (chosen.some((number) => !known.includes(number)) || !(scale > 0 && scale <= 1)) {
  process.stderr.write(`usage: npm run soak -- [--scale 0..1] [promise...]; promises with a check: ${known.join(' ')}\n`)
  process.exit(2)
}

let failed = false
for (const file of new Set(checks.filter(({ promise }) => chosen.includes(String(promise))).map((check) => check.file))) {
  const forget = () => {
    for (const { promise, check } of checks.filter((one) => one.file === file)) rmSync(resultPath(promise, check), { force: true })
  }
  forget()
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', file], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, WEIR_SOAK: String(scale) },
  })
  if (status === 0) continue
  failed = true
  forget()
}

const keptOf = (promise: number, check: string): KeptOutcome | null => {
  const path = resultPath(promise, check)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as KeptOutcome) : null
}
writeFileSync(join(root, 'docs/guarantees.md'), guaranteesPage(keptOf))
process.exitCode = failed ? 1 : 0
