/** A session on the terminal: its live table until a signal ends it, and a summary. `weir capture` without a command, and `weir browser`. */
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

/** `weir capture`. @param start the session; a signal that comes meanwhile ends it as soon as it is there */
export const captureLive = (context: Context, client: Client, start: () => Promise<Capture>): Promise<number> =>
  untilSignal(async (ending) => {
    const capture = await start()
    const { session } = capture
    return endingWith(client, session.id, async () => {
      const { path } = await client.call('ca/get', {})
      await introduce(context, capture, path)
      const table = new LiveTable(client, session.id, context.out, 'start')
      await untilStopped(client, session.id, ending, () => table.poll())
      const stopped = await client.call('session/stop', { sessionId: session.id })
      await table.poll()
      await table.finish()
      await conclude(context, stopped, 'nothing was captured: is the program told to use the proxy?')
      return exits.done
    })
  })

/** Runs it with a signal that the user's Ctrl-C aborts; a second Ctrl-C leaves at once. */
export async function untilSignal<T>(work: (ending: AbortSignal) => Promise<T>): Promise<T> {
  const ending = new AbortController()
  let since = Infinity
  const end = () => {
    // A second one leaves at once; what was begun ends all the same, for the daemon was told. npm passes on what the terminal
    // has sent already: what comes that soon is the same one.
    if (Date.now() - since > echoMs) process.exit(130)
    if (since === Infinity) since = Date.now()
    ending.abort()
  }
  for (const signal of endings) process.on(signal, end)
  try {
    return await work(ending.signal)
  } finally {
    for (const signal of endings) process.off(signal, end)
  }
}

/** Whatever goes wrong, the session does not go on unseen. */
export async function endingWith<T>(client: Client, sessionId: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await client.call('session/stop', { sessionId }).catch(() => undefined)
    throw error
  }
}

/** Until the signal, or until somebody else stops the session. @param step again and again */
export async function untilStopped(client: Client, sessionId: string, end: AbortSignal, step: () => Promise<void>): Promise<void> {
  while (!end.aborted && (await client.call('session/get', { sessionId })).state !== 'stopped') {
    await step()
    await setTimeout(pollMs, undefined, { signal: end }).catch(() => undefined)
  }
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

/** @param hint for a session without an exchange */
export async function conclude({ out, env }: Context, session: Session, hint: string): Promise<void> {
  const lines = ['', ...describeEnd(session), '', ...describeNext(session, env)]
  if (session.counts.exchanges === 0) lines.push('', hint)
  await out.write(`${lines.join('\n')}\n`)
}
