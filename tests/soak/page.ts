/** docs/guarantees.md as text. */
import { type Check, checks, ordinaryTests, promises } from './promises.ts'
import type { KeptOutcome } from './size.ts'

const left = `## What the checks leave out

- Promise 2, where requests name their origin to the proxy in clear text (\`GET http://...\`): a request whose head is unreadable, and what follows it, is
  answered with 400, for nobody can say whose it is. The absolute form of targets, \`Proxy-Connection\` and \`Proxy-Authorization\` are rewritten or left out, as
  a proxy must. To a reverse listener Host is rewritten, so a head waits until it is whole; what turns out to be none passes as it came, at the client's end
  at the latest. In tunnels nothing waits and nothing is rewritten.
- Promise 3: with a recorder that was held up or killed the gaps do not count, so only their intervals were checked.
- Promise 7: the 256 MiB are those of a daemon that records. Clients that read as fast as they can, and bodies that inflate without end, make it
  larger for a while, because V8 collects late; that it stays below 512 MiB is checked, and does not depend on how much is read.
- Promise 10: all that was sent reaches the origin but what weir answers itself, which is said by a rule (\`tests/support/answered-by-weir.ts\`) and checked with its answer, vector by
  vector: from a line on that is no request line (400), or a request that names another host than its origin, or none (421); and the beginning of a head that never becomes whole, which waits.
- Not promised: safety from code that runs as the same user or as root; that a malicious plugin is contained (a process of its own is no sandbox);
  clients that pin certificates; that redaction knows every format; disks that lie.
`

/** A table's cell may hold no line and no bar. */
const row = (...cells: string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`

/** @param keptOf the outcome of a check; null: it was not run, or failed */
export function guaranteesPage(keptOf: (promise: number, check: string) => KeptOutcome | null): string {
  const sized = checks.map(({ promise, check }: Check) => {
    const kept = keptOf(promise, check)
    const ran = kept ? `${kept.ran} (${kept.date}Z)` : '-'
    return row(String(promise), promises[promise] as string, ran, kept?.result ?? 'not run, or failed')
  })
  const ordinary = Object.entries(ordinaryTests).map(([number, tests]) =>
    row(number, promises[Number(number)] as string, tests.map((path) => `\`${path}\``).join(', ')),
  )
  return `# Guarantees

Written by \`npm run soak\`. Every test run goes through a small seeded slice of the same checks.

| # | promise | what was run | result |
| --- | --- | --- | --- |
${sized.join('\n')}

Ordinary tests, the same in every run, show these, or more of them:

| # | promise | tests |
| --- | --- | --- |
${ordinary.join('\n')}

${left}`
}
