import { createReadStream, existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Client } from '../../../sdk/client.ts'
import { codes, WeirError } from '../../../sdk/errors.ts'
import type { Params, Result } from '../../../sdk/protocol.ts'
import type { ExportRedact, Redacted } from '../../../sdk/redaction/settings.ts'
import type { CommandRun } from '../command.ts'
import { type Context, withClient } from '../context.ts'
import { CommandFailed, exits } from '../exit.ts'
import { followExport, refuseFollowing, tellFollowed } from '../follow-export.ts'
import { pluginOptions } from '../plugin-options.ts'
import { printable } from '../printable.ts'
import { formatBytes, plural } from '../quantity.ts'
import { resolveSession } from '../session-argument.ts'

type Run = Params<'exporter/run'>

export const exportSession: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    if (!given.flag('follow')) refuseFollowing(given)
    const { id } = await resolveSession(client, given.required('session'))
    const exporter = given.required('exporter')
    const where = given.text('where')
    const set = given.list('set')
    const redact = given.value<ExportRedact>('redact')
    const run: Run = {
      sessionId: id,
      exporter,
      ...(where !== undefined && { where }),
      ...(redact !== undefined && { redact }),
      ...(set.length > 0 && { options: pluginOptions(set, await schemaOf(client, exporter), '--set') }),
    }
    const out = given.text('out')
    if (given.flag('follow')) {
      const followed = await followExport(context, client, run, given)
      await tellFollowed(context, followed)
      await tellRedacted(context, followed.redacted)
    } else if (out === undefined) await toOutput(context, client, run)
    else await report(context, await client.call('exporter/run', { ...run, out: resolve(out) }))
    return exits.done
  })

async function schemaOf(client: Client, name: string): Promise<unknown> {
  const { items } = await client.call('exporter/list', {})
  return items.find((exporter) => exporter.name === name)?.config
}

/** Standard output has the export and nothing else. */
async function toOutput(context: Context, client: Client, run: Run): Promise<void> {
  try {
    const { text = '', redacted } = await client.call('exporter/run', run)
    await context.out.write(text)
    await tellRedacted(context, redacted)
  } catch (error) {
    if (!(error instanceof WeirError && error.code === codes.limitExceeded)) throw error
    await throughFile(context, client, run)
  }
}

/** What is too long for one answer takes the way through a file. */
async function throughFile(context: Context, client: Client, run: Run): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-export-'))
  try {
    const path = join(folder, 'export')
    const { redacted } = await client.call('exporter/run', { ...run, out: path })
    if (existsSync(`${path}.files`)) throw new CommandFailed('this export has files beside it; name a file for it: weir export ... -o FILE')
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) await context.out.write(chunk as Uint8Array)
    await tellRedacted(context, redacted)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function report(context: Context, { path = '', exchanges, bytes, redacted }: Result<'exporter/run'>): Promise<void> {
  await context.err.line(`weir: ${plural(exchanges, 'exchange')}, ${formatBytes(bytes)}, in ${printable(path)}`)
  await tellRedacted(context, redacted)
}

async function tellRedacted({ err }: Context, redacted: Redacted | undefined): Promise<void> {
  if (redacted === undefined) return
  const { level, secrets, short, bodiesLeftOut } = redacted
  if (secrets + short + bodiesLeftOut === 0) return
  const counts = [plural(secrets + short, 'secret'), ...(bodiesLeftOut > 0 ? [`${bodiesLeftOut} of the bodies left out unread`] : [])]
  await err.line(`weir: redacted (${level}): ${counts.join(', ')}; --redact off exports all as it was`)
}
