import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { isPluginName, pluginNameRule } from '../../../sdk/plugin/manifest.ts'
import { packageFolder, version } from '../../../sdk/version.ts'
import type { CommandRun } from '../command.ts'
import { parsePluginKind } from '../commands.ts'
import { CommandFailed, exits, UsageError } from '../exit.ts'
import { scaffold } from '../plugin-scaffold.ts'
import { printable } from '../printable.ts'
import { shellWord } from '../shell-word.ts'

/** Standard output has the folder alone. */
export const newPlugin: CommandRun = async (given, { out, err, home }) => {
  const kind = parsePluginKind(given.required('kind'))
  const name = given.required('name')
  if (!isPluginName(name)) throw new UsageError(`${pluginNameRule}; it is ${JSON.stringify(name)}`)
  const folder = resolve(given.argument('folder') ?? name)
  await write(folder, scaffold({ kind, name, weir: weirForNpm() }))
  await out.line(printable(folder))
  await err.line(
    [
      ...(isBuilt() ? [] : [`weir is a checkout here; its SDK has to be built once: (cd ${shellWord(packageFolder())} && npm run build)`]),
      `Test it:   cd ${shellWord(printable(relative('', folder) || '.'))} && npm install && npm test`,
      `Use it:    name the folder in ${printable(home.configuration)}:`,
      `           plugins = [${JSON.stringify(printable(folder))}]`,
    ].join('\n'),
  )
  return exits.done
}

async function write(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  const there = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new CommandFailed(`${folder} cannot be used as a folder (${error.code}): name another`)
  })
  if (there.length > 0) throw new CommandFailed(`${folder} is there and not empty; nothing was written: name another folder`)
  for (const [path, text] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text, { flag: 'wx' })
  }
}

/** An installed weir is asked for by its version, a checkout by its folder. */
const weirForNpm = (): string => (packageFolder().split(sep).includes('node_modules') ? `^${version()}` : `file:${packageFolder()}`)

/** What `exports` of the package leads to is there. */
const isBuilt = (): boolean => existsSync(join(packageFolder(), 'dist/sdk/testing.js'))
