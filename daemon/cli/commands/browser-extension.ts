import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CommandRun } from '../command.ts'
import { CommandFailed, exits } from '../exit.ts'
import { printable } from '../printable.ts'

/** TypeScript in a checkout, JavaScript in a package. */
const source = fileURLToPath(new URL('../../../plugins/interceptor/extension/', import.meta.url))

/** Standard output has the folder alone. */
export const makeExtension: CommandRun = async (given, { out, err }) => {
  const folder = resolve(given.required('folder'))
  const isFirefox = given.flag('firefox')
  await refuseForeign(folder)
  await mkdir(folder, { recursive: true })
  for (const [name, text] of await extensionFiles(isFirefox)) await writeFile(join(folder, name), text)
  await out.line(printable(folder))
  await err.line(
    isFirefox
      ? 'In Firefox: about:debugging#/runtime/this-firefox, Load Temporary Add-on, and choose manifest.json there.'
      : 'In Chromium, Chrome, Edge or Brave: chrome://extensions, Developer mode on, Load unpacked, and choose that folder.',
  )
  await err.line('Then: weir browser pair')
  return exits.done
}

/** A former version of it is replaced. */
async function refuseForeign(folder: string): Promise<void> {
  const there = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new CommandFailed(`${folder} cannot be used as a folder (${error.code}): name another`)
  })
  if (there.length === 0) return
  const manifest = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => '{}')
  if (!/"name":\s*"weir"/.test(manifest))
    throw new CommandFailed(`${folder} is there and holds something else; nothing was written: name another folder`)
}

async function extensionFiles(isFirefox: boolean): Promise<[name: string, text: string][]> {
  const names = (await readdir(source)).filter((name) => /\.(ts|js|html|css|json)$/.test(name) && !/\.d\.ts$|^tsconfig/.test(name))
  return Promise.all(
    names.map(async (name): Promise<[string, string]> => {
      const text = await readFile(join(source, name), 'utf8')
      if (name === 'manifest.json') return [name, isFirefox ? firefoxManifest(text) : text]
      return name.endsWith('.ts') ? [name.replace(/ts$/, 'js'), asJavaScript(text)] : [name, text]
    }),
  )
}

/** Browsers take no module of another type, so imports name what was made of it. */
const asJavaScript = (text: string): string => stripTypeScriptTypes(text).replaceAll(/(from\s+'\.\/[\w-]+)\.ts'/g, "$1.js'")

/** Firefox has no debugger for extensions, runs the background as a page, and wants an id. */
function firefoxManifest(text: string): string {
  const {
    key: _,
    minimum_chrome_version: __,
    background,
    permissions,
    ...rest
  } = JSON.parse(text) as {
    background: { service_worker: string; type: string }
    permissions: string[]
    [more: string]: unknown
  }
  const manifest = {
    ...rest,
    permissions: permissions.filter((name) => name !== 'debugger'),
    // Its own policy for extensions makes wss of ws, on loopback too.
    content_security_policy: { extension_pages: "script-src 'self'" },
    background: { scripts: [background.service_worker], type: background.type },
    browser_specific_settings: {
      gecko: { id: 'weir@weir.invalid', strict_min_version: '128.0', data_collection_permissions: { required: ['none'] } },
    },
  }
  return `${JSON.stringify(manifest, null, 2)}\n`
}
