/** Which modules plugins are in: the built-in ones, and what the user named. Nothing is loaded here. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, extname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { pluginKinds } from '../../sdk/plugin/manifest.ts'
import type { Manifest } from '../../sdk/plugin.ts'
import { pluginFailed, said } from './failure.ts'

const extension = extname(import.meta.url)

export interface BuiltInModule {
  kind: Manifest['kind']
  name: string
  path: string
}

const folders: { readonly [K in Manifest['kind']]: string } = {
  exporter: 'exporters',
  filter: 'filters',
  'cookie-sync': 'cookie-sync',
  source: 'sources',
}

/** Modules of the built-in plugins, absolute paths in a stable order; the file name is the plugin's name. A folder beside a module holds its parts. */
export async function builtInModules(root = fileURLToPath(new URL('../../plugins', import.meta.url))): Promise<BuiltInModule[]> {
  const found = pluginKinds.map(async (kind) => {
    const folder = `${root}/${folders[kind]}`
    const entries = await readdir(folder, { withFileTypes: true }).catch(whenMissing)
    const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
    return names
      .filter((name) => name.endsWith(extension) && !name.endsWith('.d.ts'))
      .sort()
      .map((name) => ({ kind, name: basename(name, extension), path: `${folder}/${name}` }))
  })
  return (await Promise.all(found)).flat()
}

const whenMissing = (error: NodeJS.ErrnoException) => {
  if (error.code === 'ENOENT') return []
  throw error
}

/**
 * Absolute paths of what a user named: a module; a folder that is a package, or else all modules right in it; or, where there is no such file, a
 * package (perhaps with a subpath, as in an import) that is installed in `from` or a folder above it.
 * @param from what relative paths begin at. @throws 1003 pluginFailed
 */
export async function modulesOf(named: string, from: string): Promise<string[]> {
  const path = resolve(from, named)
  const info = await stat(path).catch(() => null)
  if (info?.isDirectory()) return modulesIn(path)
  return info !== null || isAbsolute(named) || named.startsWith('.') ? [path] : [await packageModule(named, from)]
}

/** Where files of what a user named may lie. */
export const placesOf = (named: string, from: string): string[] => [resolve(from, named), resolve(from, 'node_modules', named)]

async function modulesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  if (entries.some(({ name }) => name === 'package.json')) {
    const own = await ownModule(folder)
    if (own !== null) return [own]
  }
  return entries
    .filter((entry) => entry.isFile() && isModule(entry.name))
    .map(({ name }) => join(folder, name))
    .sort()
}

/** What the package in the folder exports; null: it does not say. */
async function ownModule(folder: string): Promise<string | null> {
  let found: { name?: unknown; exports?: unknown; main?: unknown }
  try {
    found = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  } catch (error) {
    throw pluginFailed(basename(folder), `its package.json cannot be read: ${said(error)}`)
  }
  const { name, exports, main } = found
  if (typeof name === 'string' && exports !== undefined) return packageModule(name, folder)
  return typeof main === 'string' ? join(folder, main) : null
}

const isModule = (name: string) => /\.(?:ts|mts|js|mjs)$/.test(name) && !/\.d\.m?ts$/.test(name)

/** As an `import` in a module in the folder would find it. */
async function packageModule(specifier: string, folder: string): Promise<string> {
  const { resolve: resolveImport } = await import('import-meta-resolve')
  try {
    return fileURLToPath(resolveImport(specifier, pathToFileURL(join(folder, 'importing.js')).href))
  } catch (error) {
    throw pluginFailed(specifier, notFoundWords(error as NodeJS.ErrnoException, specifier))
  }
}

function notFoundWords(error: NodeJS.ErrnoException, specifier: string): string {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') return `its package cannot be used: ${said(error)}`
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  return `there is neither such a file nor such a package beside config.toml: correct \`plugins\`, or install it there: npm install ${name}`
}
