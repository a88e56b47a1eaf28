/** `weir uninstall`: nothing of weir is left but the package. What would be done is said first. */
import { readFile } from 'node:fs/promises'
import type { Home } from '../../../sdk/home.ts'
import type { CommandRun } from '../command.ts'
import { confirmed } from '../confirm.ts'
import type { Context } from '../context.ts'
import { exits } from '../exit.ts'
import { type HomeFolder, homeFolders, removeFolder, sizeOf } from '../home-files.ts'
import { printable } from '../printable.ts'
import { formatBytes } from '../quantity.ts'
import { stopDaemon } from '../stop-daemon.ts'
import { identifyCa } from '../trust/identify.ts'
import { thisMachine } from '../trust/machine.ts'
import { runCommands, typed } from '../trust/run-commands.ts'
import { findStores } from '../trust/stores.ts'
import type { Command } from '../trust/trust-store.ts'

export const uninstall: CommandRun = async (given, context) => {
  const { home, out, err, env } = context
  const client = await context.connectRunning({ protocol: 'any' })
  try {
    const commands = await untrust(context)
    const folders = await foldersInUse(home)
    if (!client && commands.length === 0 && folders.length === 0) {
      await out.line(`there is nothing of weir in ${printable(home.folder)}`)
      for (const folder of await homeFolders(home)) await removeFolder(folder)
      return exits.done
    }
    if (client) await out.line(`stop      the daemon (pid ${client.initialized.daemon.pid}), which ends every session`)
    for (const command of commands) await out.line(`run       ${printable(typed(command))}`)
    for (const folder of folders) await out.line(await described(folder))
    if (given.flag('dryRun')) return exits.done
    if (!given.flag('yes') && !(await confirmed(context, 'Do all of this? What was captured is lost then.', unasked))) {
      await err.line('weir: nothing was changed')
      return exits.refused
    }
    // First what may fail: without the certificate nobody could say what to take out of the stores.
    await runCommands(commands, env)
    if (client) await stopDaemon(client)
  } finally {
    await client?.close()
  }
  // A daemon that has ended leaves other names than one that runs.
  for (const folder of await homeFolders(home)) await removeFolder(folder)
  const left = (await homeFolders(home)).flatMap(({ path, others }) => others.map((name) => `${path}/${name}`))
  for (const path of left) await err.line(`weir: ${printable(path)} is none of weir's, and was left`)
  await out.line('weir has left nothing here but its package: npm uninstall takes that away')
  return exits.done
}

const unasked = 'nothing was changed: confirm with --yes, or look only with --dry-run'

/** Folders are there, empty, as soon as any command runs. */
async function foldersInUse(home: Home): Promise<HomeFolder[]> {
  const sized = await Promise.all((await homeFolders(home)).map(async (folder) => ({ folder, bytes: await sizeOf(folder) })))
  return sized.filter(({ bytes }) => bytes > 0).map(({ folder }) => folder)
}

/** What takes the CA out of the stores in which weir ca install has put it. */
async function untrust({ home, env }: Context): Promise<Command[]> {
  const certificate = await readFile(home.caCertificate, 'utf8').catch(() => null)
  if (certificate === null) return []
  const stores = findStores(thisMachine(env), identifyCa(home.caCertificate, certificate))
  const commands = await Promise.all(
    stores.map(async (store) => {
      const state = await store.look()
      return 'added' in state && state.added ? store.uninstall() : []
    }),
  )
  return commands.flat()
}

async function described(folder: HomeFolder): Promise<string> {
  const { path, own, others } = folder
  if (others.length === 0) return `remove    ${printable(path)} (${formatBytes(await sizeOf(folder))})`
  return `remove    ${printable(own.join(', '))} in ${printable(path)} (${formatBytes(await sizeOf(folder))}); the rest is none of weir's`
}
