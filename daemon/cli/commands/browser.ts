/** weir browser ...: a browser that tells a session of its requests. */
import { resolve } from 'node:path'
import type { Client } from '../../../sdk/client.ts'
import { codes, WeirError } from '../../../sdk/errors.ts'
import type { Session } from '../../../sdk/model.ts'
import type { Params, Result } from '../../../sdk/protocol.ts'
import { conclude, endingWith, untilSignal, untilStopped } from '../capture-live.ts'
import { startCapture } from '../capture-session.ts'
import type { CommandRun } from '../command.ts'
import { type Context, withClient } from '../context.ts'
import { exits, UsageError } from '../exit.ts'
import type { Given } from '../given.ts'
import { writeJson, writeJsonLines } from '../json-output.ts'
import { LiveTable } from '../live-table.ts'
import { printable } from '../printable.ts'
import { formatDate } from '../quantity.ts'
import { resolveSession } from '../session-argument.ts'
import { fitColumns, table } from '../table.ts'

type Started = Result<'source/start'>

const ofOwnSession = ['name', 'where', 'port', 'insecure'] as const
const ofLaunch = ['profile', 'executable', 'headless'] as const

export const browser: CommandRun = (given, context) => {
  const word = given.text('session')
  refuseTogether(given, 'session', ofOwnSession, 'a session of its own')
  refuseTogether(given, 'endpoint', ofLaunch, 'a browser that is started')
  return withClient(context, (client) =>
    untilSignal(async (ending) => {
      await (word === undefined ? inItsOwnSession(given, context, client, ending) : inSession(word, given, context, client, ending))
      return exits.done
    }),
  )
}

function refuseTogether(given: Given, option: string, others: readonly string[], what: string): void {
  const wrong = others.filter((name) => given.value(name) !== undefined)
  if (given.text(option) !== undefined && wrong.length > 0)
    throw new UsageError(`--${wrong.join(', --')}: only for ${what}, so leave it out, or --${option}`)
}

/** One that begins and ends with the browser. */
async function inItsOwnSession(given: Given, context: Context, client: Client, ending: AbortSignal): Promise<void> {
  const { session } = await startCapture(client, context, given, given.number('port') ?? 0)
  await endingWith(client, session.id, async () => {
    const shown = new LiveTable(client, session.id, context.out, 'start')
    const reason = await untilEnded({ given, context, client, session, shown, ending, end: 'the session' })
    const stopped = await client.call('session/stop', { sessionId: session.id })
    if (given.flag('json')) return writeJson(context, stopped)
    await finish(context, shown, reason)
    await conclude(context, stopped, 'nothing was captured: was a page opened in the browser?')
  })
}

/** One that goes on without it. */
async function inSession(word: string, given: Given, context: Context, client: Client, ending: AbortSignal): Promise<void> {
  const session = await resolveSession(client, word)
  const { clock } = await client.call('exchange/list', { sessionId: session.id, order: 'desc', limit: 1 })
  const shown = new LiveTable(client, session.id, context.out, clock)
  const reason = await untilEnded({ given, context, client, session, shown, ending, end: 'the browser, not the session' })
  if (!given.flag('json')) await finish(context, shown, reason)
}

interface Running {
  given: Given
  context: Context
  client: Client
  session: Session
  shown: LiveTable
  /** Ctrl-C. */
  ending: AbortSignal
  /** What Ctrl-C ends. */
  end: string
}

/** @returns why the browser ended; null: Ctrl-C did it */
async function untilEnded({ given, context, client, session, shown, ending, end }: Running): Promise<string | null> {
  const reasons = new Map<string, string>()
  const over = new AbortController()
  let sourceId: string | null = null
  client.on('source/didEnd', (ended) => {
    reasons.set(ended.sourceId, ended.reason)
    if (ended.sourceId === sourceId) over.abort()
  })
  const started = await start(client, settings(given, session.id), ending)
  if (started === null) return null
  sourceId = started.sourceId
  if (reasons.has(sourceId)) over.abort()
  const isJson = given.flag('json')
  if (isJson) await writeJson(context, { ...started, sessionId: session.id, proxy: session.proxy })
  else await introduce(context, session, started, end)
  await untilStopped(client, session.id, AbortSignal.any([ending, over.signal]), isJson ? async () => undefined : () => shown.poll())
  const reason = reasons.get(sourceId) ?? null
  await client.call('source/stop', { sourceId })
  return reason
}

/** null: Ctrl-C came before it was open. */
async function start(client: Client, params: Params<'source/start'>, signal: AbortSignal): Promise<Started | null> {
  try {
    return await client.call('source/start', params, { signal })
  } catch (error) {
    if (error instanceof WeirError && error.code === codes.cancelled) return null
    throw error
  }
}

function settings(given: Given, sessionId: string): Params<'source/start'> {
  const [url, endpoint, profile, executable] = [
    given.argument('url'),
    given.text('endpoint'),
    given.text('profile'),
    given.text('executable'),
  ]
  return {
    kind: 'browser',
    sessionId,
    ...(url !== undefined && { url }),
    ...(given.flag('headless') && { headless: true }),
    ...(endpoint !== undefined && { endpoint }),
    ...(profile !== undefined && { profile }),
    // What the daemon is told does not depend on where its client stands.
    ...(executable !== undefined && { executable: resolve(executable) }),
  }
}

async function introduce({ out }: Context, session: Session, { sourceId, browser: name, notes }: Started, end: string): Promise<void> {
  const lines = [
    `${out.style('bold', printable(name))} tells session ${printable(session.name)} of its requests (source ${sourceId})`,
    ...notes.map((note) => `  ${printable(note)}`),
    `  to end ${end}: Ctrl-C${end === 'the session' ? ', or close the browser' : ''}`,
    '',
  ]
  await out.write(`${lines.join('\n')}\n`)
}

async function finish({ out }: Context, shown: LiveTable, reason: string | null): Promise<void> {
  await shown.poll()
  await shown.finish()
  if (reason !== null) await out.line(`\nthe browser has ended: ${printable(reason)}`)
}

const columns = [{ title: 'SOURCE' }, { title: 'KIND' }, { title: 'SINCE' }, { title: 'SESSION' }, { title: 'BROWSER' }] as const

export const listSources: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const { items } = await client.call('source/list', {})
    if (given.flag('json')) await writeJsonLines(context, items)
    else if (items.length === 0) await context.err.line('weir: no browser tells of its requests; open one with: weir browser')
    else {
      const names = new Map((await client.call('session/list', {})).items.map(({ id, name }) => [id, name]))
      const rows = items.map(({ id, kind, startedAt, sessionId, browser: name = '' }) =>
        [id, kind, formatDate(startedAt), names.get(sessionId) ?? sessionId, name].map(printable),
      )
      const layout = table(fitColumns(columns, rows), context.out.width)
      await context.out.write(`${[context.out.style('bold', layout.header()), ...rows.map((row) => layout.row(row))].join('\n')}\n`)
    }
    return exits.done
  })

export const stopSource: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    await client.call('source/stop', { sourceId: given.required('source') })
    return exits.done
  })
