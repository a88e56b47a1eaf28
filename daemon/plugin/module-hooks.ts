/**
 * What happens when a plugin's process loads modules. What a plugin imports as `@weir/weir/...` is the SDK of the weir that runs it, wherever the
 * plugin lies and whatever is installed there; and the user's files are remembered, for they may change.
 */
import { registerHooks } from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const packageName = '@weir/weir/'
/** As the `exports` in package.json. */
const entries: { [name: string]: string } = { client: 'exports/client', plugin: 'plugin', testing: 'exports/testing' }
const sdk = new URL('../../sdk/', import.meta.url)
const own = ['sdk', 'daemon', 'plugins'].map((folder) => new URL(`../../${folder}/`, import.meta.url).href)
const extension = extname(import.meta.url)
const loaded = new Set<string>()

const isOwn = (url: string): boolean => own.some((folder) => url.startsWith(folder))

/** @param path absolute, of a module */
export const isOfUser = (path: string): boolean => !isOwn(pathToFileURL(path).href)

/** A file that the user may change: none of weir, and of no package that is installed. */
const mayChange = (url: string): boolean => url.startsWith('file:') && !url.includes('/node_modules/') && !isOwn(url)

/** Under `sdk`, without extension; undefined: it is of somebody else. */
function moduleOfSdk(specifier: string): string | undefined {
  if (!specifier.startsWith(packageName)) return undefined
  const name = specifier.slice(packageName.length)
  return name.startsWith('sdk/') ? name.slice('sdk/'.length) : entries[name]
}

/** For all modules that this process loads from now on. */
export function hookModules(): void {
  registerHooks({
    resolve: (specifier, context, next) => {
      const own = moduleOfSdk(specifier)
      const found = next(own === undefined ? specifier : new URL(own + extension, sdk).href, context)
      if (mayChange(found.url)) loaded.add(fileURLToPath(found.url))
      return found
    },
  })
}

/** Absolute paths of the user's files that were loaded, or would have been, since the last call; not of packages that are installed. */
export function takeLoadedFiles(): string[] {
  const files = [...loaded]
  loaded.clear()
  return files
}
