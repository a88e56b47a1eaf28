import type { Client } from '../../../sdk/client.ts'
import type { CookieChange } from '../../../sdk/cookie/changes.ts'
import type { CommandRun } from '../command.ts'
import { type Context, withClient } from '../context.ts'
import { CommandFailed, exits } from '../exit.ts'
import { writeJsonLines } from '../json-output.ts'
import { printable } from '../printable.ts'
import { plural } from '../quantity.ts'
import { resolveSession } from '../session-argument.ts'
import { type Column, table } from '../table.ts'

const columns: readonly Column[] = [
  { title: 'SEQ', width: 6, align: 'right' },
  { title: 'TIME', width: 12 },
  { title: 'CAUSE', width: 8 },
  { title: 'DOMAIN', width: 24 },
  { title: 'PATH', width: 8 },
  { title: 'COOKIE', width: 40 },
]
/** `cookies` of jar/set. */
const atOnce = 1_000

export const cookies: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const session = await resolveSession(client, given.argument('session') ?? 'last')
    const [domain, jar] = [given.text('domain'), given.text('jar')]
    const moment = given.number('at') ?? (given.flag('held') || jar !== undefined ? Date.now() : undefined)
    const asked = { sessionId: session.id, ...(domain !== undefined && { domain }), ...(moment !== undefined && { at: moment }) }
    const print = given.flag('json') ? (items: readonly CookieChange[]) => writeJsonLines(context, items) : rows(context)
    const found: CookieChange[] = []
    for await (const items of pages(client, asked)) {
      await print(items)
      if (jar !== undefined) found.push(...items)
    }
    return jar === undefined ? exits.done : intoJar(client, context, jar, found)
  })

async function* pages(client: Client, asked: { sessionId: string }): AsyncGenerator<CookieChange[]> {
  for (let after = 0, more = true; more; ) {
    const page = await client.call('cookie/list', { ...asked, after, limit: 1000 })
    yield page.items
    after = page.items.at(-1)?.index ?? after
    more = page.more
  }
}

async function intoJar(client: Client, { err }: Context, jar: string, changes: readonly CookieChange[]): Promise<number> {
  const held = changes.flatMap(({ cookie }) => (cookie === null ? [] : [cookie]))
  let rejected = 0
  for (let from = 0; from < held.length; from += atOnce) {
    const { items } = await client.call('jar/set', { jar, cookies: held.slice(from, from + atOnce) })
    for (const { cause, reason, cookie } of items) {
      if (cause !== 'rejected') continue
      rejected++
      await err.line(`weir: ${printable(cookie?.name ?? '')} is not taken: ${reason}`)
    }
  }
  await err.line(`weir: ${plural(held.length - rejected, 'cookie')} in jar ${printable(jar)}`)
  if (rejected > 0 && rejected === held.length) throw new CommandFailed('no cookie was taken')
  return exits.done
}

function rows({ out }: Context): (items: readonly CookieChange[]) => Promise<void> {
  const layout = table(columns, out.width)
  let headed = false
  return async (items) => {
    if (items.length === 0) return
    const lines = items.map((change) => layout.row(cells(change)))
    if (!headed) lines.unshift(out.style('bold', layout.header()))
    headed = true
    await out.write(`${lines.join('\n')}\n`)
  }
}

function cells({ seq, at, cause, reason, cookie }: CookieChange): string[] {
  const time = new Date(at).toISOString().slice(11, 23)
  if (cookie === null) return [String(seq), time, cause, '', '', reason ?? '']
  const domain = `${cookie.hostOnly ? '' : '.'}${cookie.domain}`
  const pair = `${cookie.name}=${cookie.value}`
  return [String(seq), time, cause, printable(domain), printable(cookie.path), printable(reason ? `${reason}: ${pair}` : pair)]
}
