/** `weir capture` without a command: shows what passes until a signal ends it. */
import { setTimeout } from 'node:timers/promises'
import type { Client } from '../../sdk/client.ts'
import type { Session } from '../../sdk/model.ts'
import type { Capture } from './capture-session.ts'
import { describeEnd, describeNext, ownName } from './capture-summary.ts'
import type { Context } from './context.ts'
import { exits } from './exit.ts'
import { LiveTable } from './live-table.ts'
import { printable } from './printable.ts'
import { shellWord } from './shell-word.ts'

const pollMs = 200
const echoMs = 250
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** @param start the session; a signal that comes meanwhile ends it as soon as it is there */
export async function captureLive(context: Context, client: Client, start: () => Promise<Capture>): Promise<number> {
  const ending = new AbortController()
  let since = Infinity
  const end = () => {
    // A second one leaves at once; the session is stopped all the same, for the daemon was told. npm passes on what the terminal
    // has sent already: what comes that soon is the same one.
    if (Date.now() - since > echoMs) process.exit(130)
    if (since === Infinity) since = Date.now()
    ending.abort()
  }
  for (const signal of endings) process.on(signal, end)
  try {
    const capture = await start()
    try {
      return await show(context, client, capture, ending.signal)
    } catch (error) {
      await client.call('session/stop', { sessionId: capture.session.id }).catch(() => undefined)
      throw error
    }
  } finally {
    for (const signal of endings) process.off(signal, end)
  }
}

/** Until the signal, or until somebody else stops the session. */
async function show(context: Context, client: Client, capture: Capture, ending: AbortSignal): Promise<number> {
  const sessionId = capture.session.id
  const { path } = await client.call('ca/get', {})
  await introduce(context, capture, path)
  const table = new LiveTable(client, sessionId, context.out, 'start')
  while (!ending.aborted && (await client.call('session/get', { sessionId })).state !== 'stopped') {
    await table.poll()
    await setTimeout(pollMs, undefined, { signal: ending }).catch(() => undefined)
  }
  const stopped = await client.call('session/stop', { sessionId })
  await table.poll()
  await table.finish()
  await conclude(context, stopped)
  return exits.done
}

async function introduce({ out, home, env }: Context, { session, proxy, reverse }: Capture, ca: string): Promise<void> {
  const how =
    reverse === undefined
      ? [
          `  curl --proxy ${proxy} --cacert ${shellWord(ca)} https://example.com/`,
          '',
          `  or run a program behind it:  ${ownName(env)} capture -- CMD ...`,
        ]
      : [`  curl ${proxy}/`, '', `  what is asked of it goes to: ${printable(reverse)}`]
  const lines = [
    `${out.style('bold', 'weir')} captures on ${out.style('bold', proxy)} (session ${printable(session.name)})`,
    '',
    '  see that it works, in another terminal:',
    ...how,
    `  socket:                      ${printable(home.socket)}`,
    '  to end the session:          Ctrl-C',
    '',
  ]
  await out.write(`${lines.join('\n')}\n`)
}

async function conclude({ out, env }: Context, session: Session): Promise<void> {
  const lines = ['', ...describeEnd(session), '', ...describeNext(session, env)]
  if (session.counts.exchanges === 0) lines.push('', 'nothing was captured: is the program told to use the proxy?')
  await out.write(`${lines.join('\n')}\n`)
}
