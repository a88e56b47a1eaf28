/** examples/vscode as the editor loads it: the editor is a mock, the daemon behind it is real. */
import { createRequire, registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, vi } from 'vitest'
import type { Environment } from '../../sdk/home.ts'
import { weir } from './command-line.ts'
import type { editor as Editor } from './vscode-api.ts'

export const extensionFolder = join(import.meta.dirname, '../../examples/vscode')
const api = join(import.meta.dirname, 'vscode-api.ts')
const program = join(import.meta.dirname, '../../daemon/weir.js')

/** `vscode` is a module that only the editor has. */
const hooks = registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'vscode' ? { url: pathToFileURL(api).href, shortCircuit: true } : next(specifier, context),
})
const require = createRequire(import.meta.url)
export const extension = require(join(extensionFolder, 'extension.js')) as {
  activate(context: { subscriptions: { dispose(): void }[] }): void
}
export const { editor } = require(api) as { editor: typeof Editor }
hooks.deregister()

/** Activates it on the home that the environment names; its daemon is stopped when the test has finished, whoever started it. */
export async function openEditor(env: Environment): Promise<void> {
  const subscriptions: { dispose(): void }[] = []
  for (const list of [editor.inputs, editor.verdicts, editor.information, editor.errors, editor.documents]) list.length = 0
  const variables = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : `${name}=${value}`))
  editor.settings.set('command', ['env', '-i', ...variables, process.execPath, program, 'stdio'])
  onTestFinished(async () => {
    for (const each of subscriptions) each.dispose()
    await weir(['stop'], { env })
  })
  extension.activate({ subscriptions })
  await vi.waitFor(() => expect(editor.contexts.get('weir.state')).toBe('connected'))
}
