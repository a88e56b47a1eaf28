/** `weir capture -- CMD ...`: runs it behind the session's proxy. Standard output is the command's alone. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { type CaBundle, writeCaBundle } from '../../sdk/ca-bundle.ts'
import type { Client } from '../../sdk/client.ts'
import { commandEnvironment } from '../../sdk/command-environment.ts'
import type { Environment } from '../../sdk/home.ts'
import type { Session } from '../../sdk/model.ts'
import type { Capture } from './capture-session.ts'
import { describeCounts, ownName } from './capture-summary.ts'
import type { Context } from './context.ts'
import { endingOf } from './exit.ts'
import { printable } from './printable.ts'
import { shellWord } from './shell-word.ts'

/** Resolves to the command's exit code. */
export async function captureCommand(
  context: Context,
  client: Client,
  { session, proxy }: Capture,
  command: readonly string[],
): Promise<number> {
  let bundle: CaBundle | undefined
  let code: number
  try {
    const { certificate } = await client.call('ca/get', {})
    bundle = await writeCaBundle(certificate, context.env)
    code = await runCommand(command, commandEnvironment(context.env, proxy, bundle))
  } catch (error) {
    await client.call('session/stop', { sessionId: session.id }).catch(() => undefined)
    throw error
  } finally {
    await bundle?.remove()
  }
  // The command has run: whatever weir meets now is said, and the exit code stays the command's.
  try {
    await conclude(context, client, await client.call('session/stop', { sessionId: session.id }))
  } catch (error) {
    await context.err.line(`weir: ${endingOf(error).message}`)
  }
  return code
}

/** Signals that a terminal sends to the whole group: there the command has them already. */
const terminalSignals = ['SIGINT', 'SIGQUIT', 'SIGHUP'] as const
const otherSignals = ['SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const

async function runCommand([program = '', ...words]: readonly string[], env: Environment): Promise<number> {
  const child = spawn(program, words, { stdio: 'inherit', env })
  const pass = (signal: NodeJS.Signals) => void child.kill(signal)
  const ignore = () => undefined
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  for (const signal of otherSignals) process.on(signal, pass)
  for (const signal of terminalSignals) process.on(signal, onTerminal ? ignore : pass)
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('exit', (code, signal) => resolve(signal ? 128 + constants.signals[signal] : (code ?? 1)))
      child.once('error', reject)
    })
  } finally {
    for (const signal of otherSignals) process.off(signal, pass)
    for (const signal of terminalSignals) process.off(signal, onTerminal ? ignore : pass)
  }
}

async function conclude({ err, env }: Context, client: Client, session: Session): Promise<void> {
  const name = shellWord(printable(session.name))
  if (session.counts.exchanges === 0) return err.line(nothingCaptured(ownName(env)))
  await err.line(`weir: ${describeCounts(session)}; ${ownName(env)} ls ${name}`)
  if (await isMistrusted(client, session)) await err.line(mistrusted)
}

const nothingCaptured = (name: string): string =>
  [
    'weir: nothing was captured. Either the command sent no HTTP request, or it does not read the proxy variables:',
    '  Node before 22.21 and 24.5 does not by itself, nor do programs with proxy settings of their own.',
    `  Start a proxy that stays with: ${name} capture; then tell the program to use the one that it names.`,
  ].join('\n')

const mistrusted = [
  "weir: the command did not trust weir's certificate. It reads none of the variables that name it (NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, ...):",
  '  give it the file that weir ca names, or leave the host alone with --bypass HOST.',
].join('\n')

/** Whether all that failed, failed because the command refused the certificate. */
async function isMistrusted(client: Client, { id, counts }: Session): Promise<boolean> {
  if (counts.failed === 0 || counts.failed < counts.exchanges) return false
  const { items } = await client.call('exchange/list', { sessionId: id, limit: 10 })
  return items.length > 0 && items.every(({ error }) => error?.reason === 'clientRejectedCa')
}
