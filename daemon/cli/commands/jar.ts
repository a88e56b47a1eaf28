/** weir jar ...: the cookies of named jars. */
import { resolve } from 'node:path'
import type { Client } from '../../../sdk/client.ts'
import type { CookieFormatName } from '../../../sdk/cookie/format-names.ts'
import type { Result } from '../../../sdk/protocol.ts'
import type { CommandRun } from '../command.ts'
import { parseCookieFormat } from '../commands.ts'
import { confirmed } from '../confirm.ts'
import { type Context, withClient } from '../context.ts'
import { CommandFailed, exits } from '../exit.ts'
import type { Given } from '../given.ts'
import { writeJson, writeJsonLines } from '../json-output.ts'
import { printable } from '../printable.ts'
import { formatDate, plural } from '../quantity.ts'
import { type Column, fitColumns, table } from '../table.ts'

type JarCookie = Result<'jar/get'>['items'][number]
type Change = Result<'jar/set'>['items'][number]

export const listJars: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const { items } = await client.call('jar/list', {})
    if (given.flag('json')) await writeJsonLines(context, items)
    else if (items.length === 0) await context.err.line('there is no jar yet; naming one makes it: weir jar import NAME FILE')
    else {
      const rows = items.map(({ name, cookies, updatedAt }) => [String(cookies), formatDate(updatedAt), printable(name)])
      await writeTable(context, [{ title: 'COOKIES', align: 'right' }, { title: 'CHANGED' }, { title: 'NAME' }], rows)
    }
    return exits.done
  })

export const showJar: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const jar = await existing(client, given.required('jar'))
    const [domain, url] = [given.text('domain'), given.text('url')]
    const { items } = await client.call('jar/get', { jar, ...(domain !== undefined && { domain }), ...(url !== undefined && { url }) })
    if (given.flag('json')) await writeJsonLines(context, items)
    else if (items.length === 0) await context.err.line('no cookies')
    else
      await writeTable(
        context,
        [{ title: 'DOMAIN' }, { title: 'PATH' }, { title: 'UNTIL' }, { title: 'FLAGS' }, { title: 'COOKIE' }],
        items.map(cells),
      )
    return exits.done
  })

const cells = (cookie: JarCookie): string[] => [
  printable(`${cookie.hostOnly ? '' : '.'}${cookie.domain}`),
  printable(cookie.path),
  cookie.expires === null ? '-' : formatDate(cookie.expires),
  flagsOf(cookie),
  printable(`${cookie.name}=${cookie.value}`),
]

function flagsOf({ secure, httpOnly, sameSite, partitionKey }: JarCookie): string {
  const flags = [secure && 'Secure', httpOnly && 'HttpOnly', sameSite, partitionKey !== null && `Partitioned(${printable(partitionKey)})`]
  return flags.filter((flag) => typeof flag === 'string').join(',') || '-'
}

export const setInJar: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const { items } = await client.call('jar/set', {
      jar: given.required('jar'),
      url: given.required('url'),
      setCookie: given.rest('cookies').map(wireText),
    })
    if (given.flag('json')) await writeJsonLines(context, items)
    else for (const change of items) await context.out.line(printable(changeText(change)))
    return items.some(({ cause }) => cause === 'rejected') ? exits.refused : exits.done
  })

/** UTF-8, as the wire has it. */
const wireText = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

const changeText = ({ cause, reason, cookie }: Change): string =>
  `${cause}${reason === undefined ? '' : ` (${reason})`}${cookie === null ? '' : `: ${cookie.name} of ${cookie.domain}${cookie.path}`}`

export const removeFromJar: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const jar = await existing(client, given.required('jar'))
    const [name, domain, path] = [given.argument('name'), given.text('domain'), given.text('path')]
    const select = { ...(name !== undefined && { name }), ...(domain !== undefined && { domain }), ...(path !== undefined && { path }) }
    const isAll = Object.keys(select).length === 0
    if (isAll && !(await agreed(given, context, `Delete the jar ${jar} with all its cookies?`))) return exits.refused
    const { deleted } = await client.call('jar/delete', { jar, ...select })
    await tellDeleted(given, context, deleted, isAll ? ', and the jar' : '')
    return exits.done
  })

export const clearJar: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const jar = await existing(client, given.required('jar'))
    const domain = given.text('domain')
    if (domain === undefined && !(await agreed(given, context, `Delete all cookies of ${jar}?`))) return exits.refused
    const { deleted } = await client.call('jar/clear', { jar, ...(domain !== undefined && { domain }) })
    await tellDeleted(given, context, deleted, '')
    return exits.done
  })

export const importIntoJar: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const [format, url] = [given.text('format') as CookieFormatName | undefined, given.text('url')]
    const done = await client.call('jar/import', {
      jar: given.required('jar'),
      path: resolve(given.required('file')),
      ...(format !== undefined && { format }),
      ...(url !== undefined && { url }),
      ...(given.flag('keepGood') && { keepGood: true }),
    })
    if (given.flag('json')) await writeJson(context, done)
    else await tellImport(context, done)
    return exits.done
  })

async function tellImport({ out, err }: Context, { format, counts, rejected, malformed, problems }: Result<'jar/import'>): Promise<void> {
  for (const { at, message } of problems) await err.line(printable(`weir: left out: ${at}: ${message}`))
  for (const { at, reason, name, domain } of rejected) {
    const what = name === null ? '' : ` ${name} of ${domain ?? 'no domain'}`
    await err.line(printable(`weir: rejected: ${at}:${what}: ${reason}`))
  }
  const unnamed = malformed - problems.length + counts.rejected - rejected.length
  if (unnamed > 0) await err.line(`weir: and ${unnamed} more`)
  const { set, updated, deleted, expired } = counts
  await out.line(`${plural(set, 'cookie')} set, ${updated} updated, ${deleted + expired} expired already (${format})`)
}

export const exportFromJar: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const jar = await existing(client, given.required('jar'))
    const [out, domain] = [given.text('out'), given.text('domain')]
    const done = await client.call('jar/export', {
      jar,
      format: parseCookieFormat(given.required('format')),
      ...(out !== undefined && { out: resolve(out) }),
      ...(domain !== undefined && { domain }),
    })
    if (done.text !== undefined) await context.out.write(done.text)
    else await context.err.line(printable(`weir: ${plural(done.cookies, 'cookie')} in ${done.path}`))
    if (done.leftOut > 0) await context.err.line(`weir: left out: ${plural(done.leftOut, 'cookie')} that the format has no words for`)
    return exits.done
  })

/** A jar that is only read or emptied is not made by a slip of the finger. */
async function existing(client: Client, jar: string): Promise<string> {
  const { items } = await client.call('jar/list', {})
  if (!items.some(({ name }) => name === jar))
    throw new CommandFailed(`there is no jar ${printable(JSON.stringify(jar))}; weir jar list names them`)
  return jar
}

async function agreed(given: Given, context: Context, question: string): Promise<boolean> {
  if (given.flag('yes') || (await confirmed(context, printable(question), 'nothing was deleted: confirm with --yes'))) return true
  await context.err.line('weir: nothing was deleted')
  return false
}

const tellDeleted = (given: Given, context: Context, deleted: number, more: string): Promise<void> =>
  given.flag('json') ? writeJson(context, { deleted }) : context.out.line(`${plural(deleted, 'cookie')} deleted${more}`)

async function writeTable({ out }: Context, columns: readonly Omit<Column, 'width'>[], rows: readonly string[][]): Promise<void> {
  const layout = table(fitColumns(columns, rows), out.width)
  await out.write(`${[out.style('bold', layout.header()), ...rows.map((row) => layout.row(row))].join('\n')}\n`)
}
